# SPDX-License-Identifier: Apache-2.0
"""Targets of a batch, in samples and as tensors for losses."""

import copy
from collections.abc import Sequence

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.structures import PoseDataSample
from torch import Tensor


def copied(sample: PoseDataSample) -> PoseDataSample:
    """A shallow copy: setting a field of it leaves the given sample as it is.
    MMEngine's ``new`` copies every array and list as well."""
    made = copy.copy(sample)
    for name in ('_metainfo_fields', '_data_fields'):
        made.__dict__[name] = set(sample.__dict__[name])
    return made


def with_targets(
    samples: Sequence[PoseDataSample],
    codec: BaseKeypointCodec,
    encoded: dict[str, Tensor],
    visible: Tensor,
) -> list[PoseDataSample]:
    """Samples that hold views of a batch's targets.

    Args:
        samples (Sequence[PoseDataSample]): B samples.
        codec (BaseKeypointCodec): Its tables name fields and labels.
        encoded (dict): The result of its ``batch_encode``, (B, K, ...) each.
        visible (Tensor): (B, K), which points are labelled.

    Returns:
        list[PoseDataSample]: Copies, with ``gt_fields`` (K, H, W) and
        ``gt_instance_labels`` (1, K, ...), and ``keypoints_visible`` (1, K)
        among the latter.
    """
    named = dict(keypoints_visible=visible, **_renamed(encoded, codec.label_mapping_table))
    labels = {name: batch[:, None].unbind() for name, batch in named.items()}
    fields = {
        name: batch.unbind() for name, batch in _renamed(encoded, codec.field_mapping_table).items()
    }
    made = [copied(sample) for sample in samples]
    for i, sample in enumerate(made):
        own = InstanceData()
        if 'gt_instance_labels' in sample:
            own.update(sample.gt_instance_labels.to(visible.device))
        for name, rows in labels.items():
            own.set_field(rows[i], name)
        sample.gt_instance_labels = own
        if fields:
            sample.gt_fields = PixelData(**{name: rows[i] for name, rows in fields.items()})
    return made


def _renamed(encoded: dict[str, Tensor], table: dict[str, str]) -> dict[str, Tensor]:
    return {name: encoded[key] for key, name in table.items() if key in encoded}


def heatmaps_of(samples: Sequence[PoseDataSample]) -> tuple[Tensor, Tensor]:
    """Heatmaps (B, K, H, W) and weights (B, K) of a batch, as codecs of
    heatmaps make them."""
    heatmaps = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    return heatmaps, weights_of(samples)


def labels_of(samples: Sequence[PoseDataSample]) -> tuple[Tensor, Tensor]:
    """Coordinates (B, K, 2) and weights (B, K) of a batch, as codecs of
    coordinates make them."""
    labels = [sample.gt_instance_labels.keypoint_labels for sample in samples]
    return torch.cat(labels), weights_of(samples)


def weights_of(samples: Sequence[PoseDataSample]) -> Tensor:
    """Weights (B, K) of a batch."""
    return torch.cat([sample.gt_instance_labels.keypoint_weights for sample in samples])
