# SPDX-License-Identifier: Apache-2.0
"""Base classes of the heads."""

from mmpose.models.heads import BaseHead
from mmpose.utils.typing import ConfigType, InstanceList
from torch import Tensor

from ..precision import full_precision


def in_float32(outputs: Tensor) -> Tensor:
    """Outputs of a network for losses and decoders: in float32 and contiguous,
    whatever the network computes in."""
    return outputs.float().contiguous()


class FullPrecisionHead(BaseHead):
    """A mixin before a head of MMPose, which decodes in float32."""

    def decode(self, batch_outputs: Tensor) -> InstanceList:
        with full_precision(batch_outputs):
            return super().decode(batch_outputs)


class DeviceAccuracyHead(FullPrecisionHead):
    """A mixin before a head of MMPose, which computes the accuracy on the
    device, and only when it is logged.

    MMPose copies outputs and targets to the host in every iteration, waits
    for them, and computes it there.

    Attributes:
        accuracy_is_due (bool): Whether to compute the accuracy of the next
            batch. :class:`~mmpose_face.engine.FaceRuntimeInfoHook` sets
            it; without the hook it is always True.
    """

    accuracy_is_due = True

    def wants_accuracy(self, train_cfg: ConfigType) -> bool:
        """Whether it is due and ``compute_acc`` allows it."""
        return self.accuracy_is_due and train_cfg.get('compute_acc', True)
