# SPDX-License-Identifier: Apache-2.0
"""The choice between a PyTorch model and an ONNX file."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ...inference.landmarking import Landmarker


@dataclass(frozen=True)
class ModelChoice:
    """Which model and detector, as the user names them.

    Args:
        model (str, optional): As :class:`~.landmarker.FaceLandmarker` takes
            it, or an ``.onnx`` file. Defaults to the model that comes with
            the package.
        checkpoint (str, optional): Its weights.
        detector (str): As ``FaceLandmarker`` takes it. Defaults to
            ``'haar'``.
    """

    model: str | None = None
    checkpoint: str | None = None
    detector: str = 'haar'

    def as_dict(self) -> dict[str, str]:
        """What is said, for results to say how they were made."""
        return {k: v for k, v in asdict(self).items() if v is not None}

    def open(self, device: str = 'cpu', batch_size: int = 32) -> Landmarker:
        """The landmarker.

        Args:
            device (str): Where the network runs. Defaults to ``'cpu'``.
            batch_size (int): Faces that go through it together. Defaults
                to 32.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: If there is no such model, or the checkpoint is of
                another.
        """
        asked = dict(detector=self.detector, batch_size=batch_size)
        if self.model is not None and self.model.endswith('.onnx'):
            if self.checkpoint is not None:
                raise ValueError(
                    f'{self.model} has its weights: expected no checkpoint, got {self.checkpoint}'
                )
            # onnxruntime and torch are imported by whom they are asked for.
            from ...inference.onnx.runtime import OnnxLandmarker

            if device != 'cpu':
                asked.update(providers=['CUDAExecutionProvider'])
            return OnnxLandmarker(self.model, **asked)
        from ...inference.landmarker import DEFAULT_MODEL, FaceLandmarker

        return FaceLandmarker(self.model or DEFAULT_MODEL, self.checkpoint, device=device, **asked)
