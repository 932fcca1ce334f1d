# SPDX-License-Identifier: Apache-2.0
"""Landmarks from images with an exported network: onnxruntime, NumPy and
OpenCV only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import Array
from ...files import PathLike
from ..detectors import Detector
from ..landmarking import Landmarker
from .metadata import OnnxMetadata

try:
    import onnxruntime
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'ONNX files are run by onnxruntime, which is not installed: pip '
        'install onnxruntime, or onnxruntime-gpu',
        name='onnxruntime',
    ) from error


class OnnxLandmarker(Landmarker):
    """Finds faces and their landmarks like ``FaceLandmarker``, without torch.

    Args:
        path (str | PathLike): A file of
            ``tools/export_onnx.py --with-decode``.
        detector (str | Detector): As for ``FaceLandmarker``; ``'yolox'``
            needs torch. Defaults to ``'haar'``.
        batch_size (int): Faces in one batch. A file with a fixed batch size
            runs batches of that size. Defaults to 32.
        providers (Sequence[str], optional): Names of onnxruntime's execution
            providers, such as ``['CUDAExecutionProvider']``. Defaults to the
            CPU.
        threads (int, optional): Threads of the CPU for one run. Defaults to
            onnxruntime's choice, which is all cores.
        second_pass (bool): Whether to run the network on each face again, in
            the box of the landmarks of the first pass. Defaults to False.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file was not written by ``tools/export_onnx.py``,
            has no points, or is of a newer format; or there is no such
            provider.

    Examples:
        >>> faces = OnnxLandmarker('face.onnx')('group.jpg')
        >>> faces[0].keypoints
    """

    def __init__(
        self,
        path: PathLike,
        detector: PathLike | Detector = 'haar',
        batch_size: int = 32,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        second_pass: bool = False,
    ) -> None:
        network = OnnxNetwork(path, providers, threads)
        super().__init__(network, detector, batch_size, second_pass)


class OnnxNetwork:
    """An exported model as a :class:`~.landmarking.Network`.

    Args:
        path, providers, threads: As for :class:`OnnxLandmarker`.

    Attributes:
        metadata (OnnxMetadata): The metadata of the file.
        batch (int, optional): The fixed batch size, None for any number.
    """

    def __init__(
        self, path: PathLike, providers: Sequence[str] | None = None, threads: int | None = None
    ) -> None:
        name = os.fspath(path)
        self._session = open_session(path, providers, threads)
        self.metadata = metadata_of(self._session, name)
        if not self.metadata.decoded:
            raise ValueError(
                f'{name} gives {self._session.get_outputs()[0].name}, not '
                'points: export it again with --with-decode'
            )
        self.scheme = self.metadata.scheme
        self.input_size = self.metadata.input_size
        self.padding = self.metadata.padding
        self.batch = batch_of(self._session)

    def __call__(self, crops: Array) -> tuple[Array, Array]:
        """See :class:`~.landmarking.Network`."""
        points, scores = run(self._session, crops)
        return points, scores


def open_session(
    path: PathLike, providers: Sequence[str] | None = None, threads: int | None = None
) -> onnxruntime.InferenceSession:
    """Load any ONNX file.

    Args:
        path, providers, threads: As for :class:`OnnxLandmarker`.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If onnxruntime cannot read it, or there is no such
            provider.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise FileNotFoundError(f'ONNX file {name} not found')
    checked = _check_providers(providers)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # only errors: torch's files cause warnings
    if threads is not None:
        if threads < 1:
            raise ValueError(f'threads must be positive, got {threads}')
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(name, options, providers=checked)
    # onnxruntime's errors have no common base class.
    except Exception as error:
        raise ValueError(
            f'{name} is not an ONNX file that onnxruntime {onnxruntime.__version__} reads: {error}'
        ) from None


def _check_providers(providers: Sequence[str] | None) -> list[Any]:
    """The providers, or the CPU for None; ValueError for unknown ones, for
    which onnxruntime would fall back to the CPU with a warning."""
    if providers is None:
        return ['CPUExecutionProvider']
    known = onnxruntime.get_available_providers()
    names = [each if isinstance(each, str) else each[0] for each in providers]
    missing = [each for each in names if each not in known]
    if missing:
        raise ValueError(
            f'onnxruntime has no provider {", ".join(missing)} '
            f'here, expected some of {", ".join(known)}'
        )
    return list(providers)


def metadata_of(session: onnxruntime.InferenceSession, name: str) -> OnnxMetadata:
    """The metadata of a file.

    Args:
        session (InferenceSession): The file, loaded.
        name (str): The name of the file, for messages.

    Raises:
        ValueError: If the file was not written by ``tools/export_onnx.py``,
            or its input contradicts the metadata.
    """
    props = session.get_modelmeta().custom_metadata_map
    metadata = OnnxMetadata.from_props(props, name)
    width, height = metadata.input_size
    inputs = [(each.type, each.shape[1:]) for each in session.get_inputs()]
    if inputs != [('tensor(uint8)', [height, width, 3])]:
        raise ValueError(
            f'{name}: its metadata tells of crops of {width} x {height} bytes'
            f', its input is {inputs}; export the model again'
        )
    return metadata


def batch_of(session: onnxruntime.InferenceSession) -> int | None:
    """The fixed batch size of a file, None for any number."""
    batch = session.get_inputs()[0].shape[0]
    return batch if isinstance(batch, int) else None


def run(session: onnxruntime.InferenceSession, crops: Array) -> list[Array]:
    """The outputs of a file for crops, in batches of its fixed size if it has
    one.

    Args:
        session (InferenceSession): The file, loaded.
        crops (np.ndarray): BGR ``(B, H, W, 3)``, uint8; B is at least 1.

    Returns:
        list[np.ndarray]: The outputs, ``(B, ...)`` each.
    """
    name, batch = session.get_inputs()[0].name, batch_of(session)
    if batch is None or batch == len(crops):
        outputs: list[Array] = session.run(None, {name: crops})
        return outputs
    found = [session.run(None, {name: part}) for part in _batches(crops, batch)]
    return [np.concatenate(each)[: len(crops)] for each in zip(*found)]


def _batches(crops: Array, batch: int) -> Iterator[Array]:
    """Batches of ``batch`` crops, the last one filled up with black."""
    for i in range(0, len(crops), batch):
        part = crops[i : i + batch]
        if len(part) < batch:
            empty = np.zeros((batch - len(part), *part.shape[1:]), part.dtype)
            part = np.concatenate((part, empty))
        yield part
