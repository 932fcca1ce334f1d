# SPDX-License-Identifier: Apache-2.0
"""MMPose's regression labels on whole batches."""

import torch
from mmpose.codecs import RegressionLabel
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from ..arrays import Array
from .batches import check_points


@KEYPOINT_CODECS.register_module()
class FaceRegressionLabel(RegressionLabel):  # type: ignore[misc]  # MMPose is not typed
    """MMPose's ``RegressionLabel`` for whole batches on their device.

    Labels are coordinates divided by the size of the crop. ``encode`` and
    ``decode`` of one face are MMPose's.

    Args:
        *args, **kwargs: Those of ``RegressionLabel``.
    """

    @torch.no_grad()
    def batch_encode(self, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """From pixels of the crop to labels, on the device of the points.

        Args:
            keypoints (Tensor): ``(B, K, 2)`` in pixels of the crop.
            visible (Tensor): ``(B, K)``, 0 to 1.

        Returns:
            dict: ``keypoint_labels``, ``(B, K, 2)``, and
            ``keypoint_weights``, ``(B, K)``, 1 for points within the crop
            whose visibility is above 0.5 and 0 for others; both float32.

        Raises:
            ValueError: If the shapes do not fit together.
        """
        check_points(keypoints, visible)
        weights = visible > 0.5
        labels = []
        for along, size in zip(keypoints.unbind(-1), self.input_size):
            weights = weights & (along >= 0) & (along <= size - 1)
            labels.append(along / size)
        return dict(
            keypoint_labels=torch.stack(labels, -1).float(), keypoint_weights=weights.float()
        )

    @torch.no_grad()
    def decode_on_device(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """From outputs of a network to pixels of the crop, on their device.

        Args:
            encoded (Tensor): ``(B, K, D)`` or, as MMPose's heads give it,
                ``(B, 1, K, D)``. D is 2, or 4 with standard deviations.

        Returns:
            tuple[Tensor, Tensor]: Points ``(B, K, 2)`` in pixels of the crop,
            and scores ``(B, K)``: 1, or with standard deviations 1 minus
            their mean. Both are float32.

        Raises:
            ValueError: If the shape is another.
        """
        encoded = self._checked(encoded)
        points = torch.stack(
            [along * size for along, size in zip(encoded.unbind(-1), self.input_size)], -1
        )
        if encoded.shape[-1] == 2:
            return points, torch.ones_like(points[..., 0])
        return points, (1 - encoded[..., 2:]).mean(-1)

    def batch_decode(self, encoded: Tensor) -> tuple[list[Array], list[Array]]:
        """As :meth:`decode_on_device`, on the host: lists of points
        ``(1, K, 2)`` and scores ``(1, K)``, one each for every face.

        The outputs are copied to the host at once, where MMPose's ``decode``
        takes all faces together.
        """
        points, scores = self.decode(self._checked(encoded).cpu().numpy())
        return list(points[:, None]), list(scores[:, None])

    @staticmethod
    def _checked(encoded: Tensor) -> Tensor:
        """(B, K, D) in float32."""
        if encoded.ndim == 4 and encoded.shape[1] == 1:
            encoded = encoded[:, 0]
        if encoded.ndim != 3 or encoded.shape[-1] not in (2, 4):
            raise ValueError(
                'coordinates are (B, K, 2) or (B, K, 4), maybe with a 1 after the B, '
                f'got {tuple(encoded.shape)}'
            )
        return encoded.detach().float()
