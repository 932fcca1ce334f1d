# SPDX-License-Identifier: Apache-2.0
"""Landmarks from images with an exported network: onnxruntime, NumPy and
OpenCV only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Union

import numpy as np

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

_Path = Union[str, 'os.PathLike[str]']


class OnnxLandmarker(Landmarker):
    """Finds faces and their landmarks as ``FaceLandmarker`` does, where torch
    need not be installed.

    Args:
        path (str | PathLike): What ``tools/export_onnx.py --with-decode`` has
            written.
        detector (str | Detector): As for ``FaceLandmarker``; ``'yolox'``
            needs torch. Defaults to ``'haar'``.
        batch_size (int): Faces that go through the network together; a file
            of a fixed batch takes that many at once. Defaults to 32.
        providers (Sequence[str], optional): What onnxruntime computes with,
            by its names, such as ``['CUDAExecutionProvider']``. Defaults to
            the CPU.
        threads (int, optional): Threads of the CPU that one run uses.
            Defaults to onnxruntime's choice, which is all cores.
        second_pass (bool): Whether to look at each face again, in the box of
            the landmarks that were found first. Defaults to False.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file of ours, one without points, or one of a
            newer format; or there is no such provider.

    Examples:
        >>> faces = OnnxLandmarker('face.onnx')('group.jpg')
        >>> faces[0].keypoints
    """

    def __init__(
        self,
        path: _Path,
        detector: str | Detector = 'haar',
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
        path, providers, threads: Those of :class:`OnnxLandmarker`.

    Attributes:
        metadata (OnnxMetadata): What the file says of itself.
        batch (int, optional): How many crops it takes, None for any number.
    """

    def __init__(
        self, path: _Path, providers: Sequence[str] | None = None, threads: int | None = None
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

    def __call__(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~.landmarking.Network`."""
        points, scores = run(self._session, crops)
        return points, scores


def open_session(
    path: _Path, providers: Sequence[str] | None = None, threads: int | None = None
) -> onnxruntime.InferenceSession:
    """Load an ONNX file, whoever wrote it.

    Args:
        path, providers, threads: Those of :class:`OnnxLandmarker`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If onnxruntime cannot read it, or there is no such
            provider.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise FileNotFoundError(f'ONNX file {name} not found')
    providers = _checked(providers)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of what torch writes
    if threads is not None:
        if threads < 1:
            raise ValueError(f'threads must be positive, got {threads}')
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(name, options, providers=providers)
    # onnxruntime's errors have no base of their own.
    except Exception as error:
        raise ValueError(
            f'{name} is not an ONNX file that onnxruntime {onnxruntime.__version__} reads: {error}'
        ) from None


def _checked(providers: Sequence[str] | None) -> list[Any]:
    """The providers; onnxruntime would fall back to the CPU with a
    warning."""
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
    """What a file says of itself.

    Args:
        session (InferenceSession): The file, loaded.
        name (str): Its name, for messages.

    Raises:
        ValueError: If it is not ours, or its input is not what it says.
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
    """How many crops a file takes at once, None for any number."""
    batch = session.get_inputs()[0].shape[0]
    return batch if isinstance(batch, int) else None


def run(session: onnxruntime.InferenceSession, crops: np.ndarray) -> list[np.ndarray]:
    """What a file gives for crops, however many it takes at once.

    Args:
        session (InferenceSession): The file, loaded.
        crops (np.ndarray): BGR ``(B, H, W, 3)``, uint8; B is at least 1.

    Returns:
        list[np.ndarray]: Its outputs, ``(B, ...)`` each.
    """
    name, batch = session.get_inputs()[0].name, batch_of(session)
    if batch in (None, len(crops)):
        return session.run(None, {name: crops})
    found = [session.run(None, {name: part}) for part in _filled(crops, batch)]
    return [np.concatenate(each)[: len(crops)] for each in zip(*found)]


def _filled(crops: np.ndarray, batch: int) -> Iterator[np.ndarray]:
    """Parts of ``batch`` crops, the last one filled up with black."""
    for i in range(0, len(crops), batch):
        part = crops[i : i + batch]
        if len(part) < batch:
            empty = np.zeros((batch - len(part), *part.shape[1:]), part.dtype)
            part = np.concatenate((part, empty))
        yield part
