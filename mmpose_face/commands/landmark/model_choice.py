# SPDX-License-Identifier: Apache-2.0
"""The choice between a PyTorch model and an ONNX file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...inference.landmarking import Landmarker


@dataclass(frozen=True)
class ModelChoice:
    """A model and a detector, as named by the user.

    Args:
        model (str, optional): A model of
            :class:`~.landmarker.FaceLandmarker`, or an ``.onnx`` file.
            Defaults to the model that comes with the package.
        checkpoint (str, optional): The weights of the model.
        detector (str): A detector of ``FaceLandmarker``. Defaults to
            ``'haar'``.
    """

    model: str | None = None
    checkpoint: str | None = None
    detector: str = 'haar'

    def as_dict(self) -> dict[str, str]:
        """The fields that are set, to record in results."""
        return {k: v for k, v in asdict(self).items() if v is not None}

    def open(self, device: str = 'cpu', batch_size: int = 32) -> Landmarker:
        """Load the landmarker.

        Args:
            device (str): Device of the network. Defaults to ``'cpu'``.
            batch_size (int): Most faces in a batch. Defaults to 32.

        Raises:
            FileNotFoundError: If a file does not exist.
            ValueError: If there is no such model, or the checkpoint does not
                fit it.
        """
        asked: dict[str, Any] = dict(detector=self.detector, batch_size=batch_size)
        if self.model is not None and self.model.endswith('.onnx'):
            if self.checkpoint is not None:
                raise ValueError(
                    f'{self.model} contains weights: expected no checkpoint, got {self.checkpoint}'
                )
            # Imported here, so that each choice loads only torch or only onnxruntime.
            from ...inference.onnx.runtime import OnnxLandmarker

            if device != 'cpu':
                asked.update(providers=['CUDAExecutionProvider'])
            return OnnxLandmarker(self.model, **asked)
        from ...inference.landmarker import DEFAULT_MODEL, FaceLandmarker

        return FaceLandmarker(self.model or DEFAULT_MODEL, self.checkpoint, device=device, **asked)
