# SPDX-License-Identifier: Apache-2.0
"""Face detectors with one interface; all but YOLOX need only OpenCV."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Protocol

import cv2
import numpy as np

from ..arrays import Array
from ..files import PathLike
from .face_boxes import BoxMapping

# The weights of MMPose's demo; the name ends in the first digits of the
# file's SHA-256.
YOLOX_WEIGHTS = (
    'https://download.openmmlab.com/mmpose/mmdet_pretrained/yolo-x_8xb8-300e_coco-face_13274d7c.pth'
)
_YOLOX_CONFIG = '.mim/demo/mmdetection_cfg/yolox-s_8xb8-300e_coco-face.py'


class Detector(Protocol):
    """A function that finds the faces of an image.

    Attributes:
        mapping (BoxMapping): From its boxes to those of the landmarks.
    """

    mapping: BoxMapping

    def __call__(self, image: Array) -> Array:
        """The boxes of faces.

        Args:
            image (np.ndarray): BGR ``(H, W, 3)``, uint8.

        Returns:
            np.ndarray: ``(N, 5)``: left, top, right and bottom in pixels, and
            the score.
        """


def get_detector(name: PathLike | Detector, device: str = 'cpu') -> Detector:
    """A detector by its name.

    Args:
        name (str | PathLike | Detector): ``'haar'``, ``'yolox'``,
            ``'whole_image'``, or the path of YuNet's ONNX file. A detector is
            returned as it is.
        device (str): Device of YOLOX. Defaults to ``'cpu'``.

    Raises:
        ValueError: If there is no detector of this name.
    """
    if not isinstance(name, (str, os.PathLike)):
        return name
    name = os.fspath(name)
    if name.endswith('.onnx'):
        return YuNet(name)
    named: dict[str, Callable[[], Detector]] = dict(
        haar=HaarCascade, whole_image=WholeImage, yolox=lambda: YOLOXFace(device=device)
    )
    if name not in named:
        raise ValueError(
            f"no detector {name!r}, expected {', '.join(named)} or the path of YuNet's .onnx file"
        )
    return named[name]()


class WholeImage:
    """The whole image as one face, for pictures that are cut to faces."""

    mapping = BoxMapping()

    def __call__(self, image: Array) -> Array:
        """One box; see :class:`Detector`."""
        height, width = image.shape[:2]
        return np.array([[-0.5, -0.5, width - 0.5, height - 0.5, 1]])


def _reduced(image: Array, longest: int) -> tuple[Array, float]:
    """The image reduced so that no side is longer than ``longest`` pixels,
    and the factor from its pixels back to those of the original."""
    factor = max(1.0, max(image.shape[:2]) / longest)
    if factor > 1:
        size = [max(1, round(side / factor)) for side in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image, factor


def _corners(boxes: Array, factor: float) -> Array:
    """Left, top, right and bottom in pixels of the original image ``(N, 4)``,
    from left, top, width and height in pixels of the reduced image. In both,
    the middles of pixels are at whole numbers."""
    low = boxes[:, :2]
    corners: Array = np.concatenate((low, low + boxes[:, 2:]), 1)
    return (corners + 0.5) * factor - 0.5


class HaarCascade:
    """OpenCV's Haar cascade for frontal faces; nothing is downloaded. Faces
    that look to the side are mostly missed.

    Viola and Jones, "Rapid Object Detection using a Boosted Cascade of Simple
    Features", CVPR 2001; the cascade is that of Lienhart in OpenCV 4.

    Args:
        cascade (str): One of OpenCV's files, or the path of another.
        longest (int): Images with a longer side, in pixels, are first reduced
            to this. Defaults to 1280.
        smallest (float): Side of the smallest face, as a share of the shorter
            side of the image. Defaults to 0.05.
        mapping (BoxMapping): From its boxes to those of landmarks. The
            default was fitted on synthetic faces (docs/en/detectors.md).

    Raises:
        FileNotFoundError: If OpenCV has no such file; OpenCV 5 has none.
    """

    MAPPING = BoxMapping(right=0.0, down=0.157, scale=0.862)

    def __init__(
        self,
        cascade: str = 'haarcascade_frontalface_alt2.xml',
        longest: int = 1280,
        smallest: float = 0.05,
        mapping: BoxMapping | None = None,
    ) -> None:
        folder = getattr(getattr(cv2, 'data', None), 'haarcascades', '')
        path = os.path.join(folder, cascade)
        if not os.path.isfile(path) or not hasattr(cv2, 'CascadeClassifier'):
            raise FileNotFoundError(
                f'OpenCV {cv2.__version__} has no Haar cascade {cascade}: '
                'install opencv-python<5, or choose another detector'
            )
        self._cascade = cv2.CascadeClassifier(path)
        self.longest, self.smallest = longest, smallest
        self.mapping = mapping or self.MAPPING

    def __call__(self, image: Array) -> Array:
        """Boxes, the highest score first; the score of a face that n windows
        found is n / (n + 10). See :class:`Detector`."""
        image, factor = _reduced(image, self.longest)
        grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        side = max(20, round(min(grey.shape) * self.smallest))
        boxes, counts = self._cascade.detectMultiScale2(grey, 1.1, 3, minSize=(side, side))
        if not len(boxes):
            return np.empty((0, 5))
        corners = _corners(np.asarray(boxes, np.float64), factor)
        windows = np.ravel(counts).astype(np.float64)
        scores = windows / (windows + 10)
        order = np.argsort(-scores, kind='stable')
        return np.column_stack((corners, scores))[order]


class YuNet:
    """OpenCV's small face detector.

    Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine
    Intelligence Research 20 (2023). The file is
    ``face_detection_yunet_2023mar.onnx`` of OpenCV's model zoo.

    Args:
        path (str | PathLike): The file.
        score (float): Lowest score of a face. Defaults to 0.6.
        longest (int): As in :class:`HaarCascade`. Defaults to 1280.
        mapping (BoxMapping): From its boxes to those of landmarks. The
            default is that of :class:`YOLOXFace`; it was not measured.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If OpenCV cannot read it.
    """

    MAPPING = BoxMapping()

    def __init__(
        self,
        path: PathLike,
        score: float = 0.6,
        longest: int = 1280,
        mapping: BoxMapping | None = None,
    ) -> None:
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f'{path} not found: expected face_detection_yunet_2023mar.onnx'
                ' of https://github.com/opencv/opencv_zoo'
            )
        try:
            self._net = cv2.FaceDetectorYN.create(os.fspath(path), '', (32, 32), score)
        except cv2.error as error:
            raise ValueError(
                f'{path} is no YuNet that OpenCV {cv2.__version__} reads: {error.err}'
            ) from None
        self.longest = longest
        self.mapping = mapping or self.MAPPING

    def __call__(self, image: Array) -> Array:
        """See :class:`Detector`."""
        image, factor = _reduced(image, self.longest)
        self._net.setInputSize(image.shape[1::-1])
        _, found = self._net.detect(image)
        if found is None:
            return np.empty((0, 5))
        corners = _corners(found[:, :4], factor)
        return np.column_stack((corners, found[:, -1])).astype(np.float64)


class YOLOXFace:
    """MMDetection's YOLOX-s for faces, as MMPose's demo uses it.

    Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430;
    trained on the face boxes of COCO-WholeBody, which are those of the
    landmarks, so that they need no mapping.

    Args:
        checkpoint (str | PathLike, optional): Its weights. Defaults to
            MMPose's, which are downloaded once and checked.
        device (str): Device of the network. Defaults to ``'cpu'``.
        score (float): Lowest score of a face. Defaults to 0.5.
        mapping (BoxMapping): From its boxes to those of landmarks.

    Raises:
        DownloadError: If the weights cannot be fetched.
    """

    MAPPING = BoxMapping()

    def __init__(
        self,
        checkpoint: PathLike | None = None,
        device: str = 'cpu',
        score: float = 0.5,
        mapping: BoxMapping | None = None,
    ) -> None:
        # Imported here because they import torch.
        import mmpose
        from mmdet.apis import init_detector
        from mmengine.config import Config

        from ..downloads import download

        if checkpoint is None:
            sha256 = Path(YOLOX_WEIGHTS).stem.rpartition('_')[2]
            checkpoint = download(YOLOX_WEIGHTS, sha256)
        cfg = Config.fromfile(Path(mmpose.__file__).parent / _YOLOX_CONFIG)
        self._model = init_detector(cfg, os.fspath(checkpoint), device=device)
        self.score = score
        self.mapping = mapping or self.MAPPING

    def __call__(self, image: Array) -> Array:
        """See :class:`Detector`."""
        from mmdet.apis import inference_detector

        found = inference_detector(self._model, image).pred_instances
        found = found[(found.scores > self.score) & (found.labels == 0)]
        return np.column_stack((found.bboxes.cpu().numpy(), found.scores.cpu().numpy())).astype(
            np.float64
        )
