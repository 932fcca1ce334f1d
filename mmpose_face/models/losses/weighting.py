# SPDX-License-Identifier: Apache-2.0
"""Weighting and reduction of landmark losses."""

from __future__ import annotations

from torch import Tensor


def only_labelled(targets: Tensor, weights: Tensor | None) -> Tensor:
    """Targets (N, K, 2) with those of weight 0 in (N, K) set to 0, since they
    may be anything, even NaN."""
    if weights is None:
        return targets
    # torch.where with a number would wait for the GPU.
    return targets.masked_fill((weights <= 0)[..., None], 0)


def weighted_mean(losses: Tensor, weights: Tensor | None) -> Tensor:
    """The mean over all landmarks of losses (N, K), each times its weight."""
    return (losses if weights is None else losses * weights).mean()
