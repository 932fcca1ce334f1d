# SPDX-License-Identifier: Apache-2.0
"""Collating of samples into few tensors, each copied to a device at once."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import default_collate


@FUNCTIONS.register_module()
def face_collate(samples: Sequence[Any]) -> Any:
    """MMEngine's ``pseudo_collate``, with images and points stacked.

    A worker stacks them in shared memory, and the loader can pin them. In
    MMEngine's batch, a list of images and of samples, each tensor is shared
    and copied to the device by itself.

    Args:
        samples (Sequence): The outputs of the pipeline.

    Returns:
        dict: ``data_samples``, the list of them; ``inputs``, the images as one
        tensor (B, 3, H, W), or the list of them where they differ in size;
        and, where the pipeline ends in
        :class:`~mmpose_face.datasets.FaceTarget`, ``targets``: see
        :func:`stacked_targets`. Samples of another form are left to
        ``pseudo_collate``.
    """
    batch = pseudo_collate(samples)
    if not isinstance(batch, dict):
        return batch
    if same_shape(batch.get('inputs')):
        batch['inputs'] = stacked_images(batch['inputs'])
    if 'targets' in batch:
        batch['targets'] = stacked_targets(batch['targets'])
    return batch


def same_shape(images: Any) -> bool:
    """Whether a value is a list of tensors of one shape and type."""
    return isinstance(images, (list, tuple)) and all(
        isinstance(image, Tensor)
        and image.shape == images[0].shape
        and image.dtype == images[0].dtype
        for image in images
    )


def stacked_images(images: list[Tensor]) -> Tensor:
    """Images (C, H, W) of one shape as (B, C, H, W), in shared memory where a
    worker calls it.

    The result has the memory layout of the first image: images whose channels
    come last in memory are copied in one piece each.
    """
    if images[0].ndim == 3 and images[0].permute(1, 2, 0).is_contiguous():
        rows = [image.permute(1, 2, 0) for image in images]
        return default_collate(rows).permute(0, 3, 1, 2)
    return default_collate(images)


def stacked_targets(targets: dict[str, Any]) -> dict[str, Any]:
    """The targets of a batch, to be encoded together.

    Args:
        targets (dict): ``encoder``, a list of codecs, and arrays as lists of
            (1, K, ...), one for each sample, as ``pseudo_collate`` gives them.

    Returns:
        dict: ``encoder``, the codec, and arrays as tensors (B, K, ...). The
        input itself if it is stacked already, or if the samples differ in
        codec or number of points.
    """
    if not isinstance(targets['encoder'], (list, tuple)):
        return targets
    encoder = _common_codec(targets['encoder'])
    arrays = {key: each for key, each in targets.items() if key != 'encoder'}
    if encoder is None or any(
        array.shape != each[0].shape for each in arrays.values() for array in each
    ):
        return targets
    stacked = {key: torch.from_numpy(np.concatenate(each)) for key, each in arrays.items()}
    return dict(stacked, encoder=encoder)


def _common_codec(encoders: Sequence[Any]) -> Any | None:
    """The codec of all samples; None if they differ."""
    first, *others = encoders
    # Joined data sets have one codec object each.
    others = [other for other in others if other is not first]
    content = others and pickle.dumps(first)
    same = all(pickle.dumps(other) == content for other in others)
    return first if same else None
