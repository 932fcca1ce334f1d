# SPDX-License-Identifier: Apache-2.0
"""Training targets of a sample."""

from __future__ import annotations

import numpy as np
from mmpose.datasets.transforms import GenerateTarget
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FaceTarget(GenerateTarget):
    """MMPose's ``GenerateTarget`` that leaves the encoding to the device.

    Heatmaps of 98 points are 1.6 MB a sample, drawn point by point and copied
    from the worker to the main process and then to the device. With this
    step, :class:`~mmpose_face.models.FacePreprocessor` gets the points of the
    crop and the codec, and encodes the batch on the device. They are in
    ``targets``, which :class:`~mmpose_face.datasets.PackFaceInputs` packs:
    ``encoder``, the codec; ``keypoints`` (1, K, 2) in pixels of the crop;
    ``keypoints_visible`` (1, K); and, with ``use_dataset_keypoint_weights``,
    ``keypoint_weights`` (1, K).

    Several encoders, and codecs without ``batch_encode``, encode in the
    worker.

    Args:
        *args, **kwargs: As ``GenerateTarget`` takes them.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._encodes_on_device = _encodes_batches(self.encoder)

    def transform(self, results: dict) -> dict | None:
        if not self._encodes_on_device:
            return super().transform(results)
        points = results.get('transformed_keypoints')
        if points is None:
            points = results.get('keypoints')
        if points is None:
            raise ValueError(
                f'FaceTarget needs transformed_keypoints or keypoints, got {", ".join(results)}'
            )
        visible = results['keypoints_visible']
        if visible.ndim == 3:  # with weights, which the codecs do not take
            results['keypoints_visible_weights'] = visible[..., 1]
            visible = results['keypoints_visible'] = visible[..., 0]
        results['targets'] = dict(
            encoder=self.encoder,
            keypoints=np.asarray(points, np.float32),
            keypoints_visible=np.asarray(visible, np.float32),
        )
        if self.use_dataset_keypoint_weights:
            weights = np.asarray(results['dataset_keypoint_weights'], np.float32)
            results['targets']['keypoint_weights'] = np.broadcast_to(weights, visible.shape)
        # Only what the codec names is a label, as in GenerateTarget.
        if self.encoder.label_mapping_table:
            results['label_mapping_table'] = self.encoder.label_mapping_table
        return results


def _encodes_batches(encoder) -> bool:
    return hasattr(encoder, 'batch_encode') and not encoder.auxiliary_encode_keys
