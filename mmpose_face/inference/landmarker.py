# SPDX-License-Identifier: Apache-2.0
"""FaceLandmarker: landmarks from images with a PyTorch model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn as nn
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from ..arrays import Array
from ..files import PathLike
from ..landmarks import scheme_of_metainfo
from ..zoo import build_model, config_of, get_model
from .detectors import Detector, get_detector
from .landmarking import Landmarker

if TYPE_CHECKING:
    from mmpose.models.pose_estimators.base import BasePoseEstimator

DEFAULT_MODEL = 'synthetic-res18-w48-dark'


class FaceLandmarker(Landmarker):
    """Finds faces and their landmarks.

    Args:
        model (str | PathLike | nn.Module): The name of a model of the zoo,
            whose weights are downloaded once; a config with a ``checkpoint``;
            or a model from MMPose's ``init_model``. Defaults to the small
            model that comes with the package.
        checkpoint (str | PathLike, optional): Custom weights.
        detector (str | Detector): ``'haar'``, ``'yolox'``,
            ``'whole_image'``, the path of YuNet's ONNX file, or any
            :class:`~.detectors.Detector`. Defaults to ``'haar'``.
        device (str): Device of the network. Defaults to ``'cpu'``.
        batch_size (int): Faces in one batch of the network. Defaults to 32.
        flip_test (bool): Whether to average with the points of the mirror
            image, as in published figures; it takes twice the time. Defaults
            to False.
        second_pass (bool): Whether to run the network on each face again, in
            the box of the landmarks of the first pass. Defaults to False.

    Raises:
        DownloadError: If weights cannot be downloaded.
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If there is no such model, or the checkpoint does not fit
            the model.

    Examples:
        >>> faces = FaceLandmarker('wflw-hrnetv2-w18-dark')('group.jpg')
        >>> faces[0].keypoints, faces[0]['left_eye'], faces[0].to('ibug68')
        >>> faces.draw('out.jpg')
    """

    def __init__(
        self,
        model: PathLike | nn.Module = DEFAULT_MODEL,
        checkpoint: PathLike | None = None,
        detector: PathLike | Detector = 'haar',
        device: str = 'cpu',
        batch_size: int = 32,
        flip_test: bool = False,
        second_pass: bool = False,
    ) -> None:
        self.device = device
        network = TorchNetwork(load_model(model, checkpoint, device), flip_test)
        super().__init__(network, detector, batch_size, second_pass)

    def _get_detector(self, name: PathLike) -> Detector:
        return get_detector(name, self.device)


def load_model(
    model: PathLike | nn.Module, checkpoint: PathLike | None = None, device: str = 'cpu'
) -> nn.Module:
    """A model with its weights; the arguments are those of
    :class:`FaceLandmarker`."""
    if isinstance(model, nn.Module):
        if checkpoint is not None:
            raise ValueError(
                f'a model that is built has its weights: expected no checkpoint, got {checkpoint}'
            )
        return model.to(device).eval()
    name = os.fspath(model)
    if checkpoint is not None and not os.path.isfile(checkpoint):
        raise FileNotFoundError(f'checkpoint {checkpoint} not found')
    if not name.endswith('.py'):
        if checkpoint is None:
            return get_model(name, device=device)
        return build_model(config_of(name), checkpoint, device)
    if not os.path.isfile(name):
        raise FileNotFoundError(f'config {name} not found')
    if checkpoint is None:
        raise ValueError(f'{name} is a config: expected a checkpoint with it')
    cfg = Config.fromfile(name, format_python_code=False)
    return build_model(cfg, checkpoint, device)


class TorchNetwork:
    """A top-down model of MMPose as a :class:`~.landmarking.Network`.

    Args:
        model (nn.Module): A model from ``init_model``.
        flip_test (bool): Whether to average with the points of the mirror
            image.

    Raises:
        ValueError: If it is not a top-down model.
    """

    def __init__(self, model: BasePoseEstimator, flip_test: bool = False) -> None:
        self.model = model
        self.flip_test = flip_test
        self.scheme = scheme_of_metainfo(model.dataset_meta)
        steps = _test_pipeline(model.cfg)
        width, height = _find(steps, 'input_size')
        self.input_size = width, height
        self.padding = float(_find(steps, 'padding', 1.25))

    @torch.no_grad()
    def __call__(self, crops: Array) -> tuple[Array, Array]:
        """See :class:`~.landmarking.Network`."""
        images = torch.from_numpy(crops.transpose(0, 3, 1, 2))
        batch = dict(inputs=list(images), data_samples=self._samples(crops))
        test_cfg = self.model.test_cfg
        self.model.test_cfg = type(test_cfg)(test_cfg, flip_test=self.flip_test)
        try:
            found = self.model.test_step(batch)
        finally:
            self.model.test_cfg = test_cfg
        points, scores = zip(
            *(
                (each.pred_instances.keypoints, each.pred_instances.keypoint_scores)
                for each in found
            )
        )
        return np.concatenate(points), np.concatenate(scores)

    def _samples(self, crops: Array) -> list[PoseDataSample]:
        """Samples whose image is the crop itself."""
        size = np.array(self.input_size, np.float32)
        known = dict(
            input_size=self.input_size,
            input_center=size / 2,
            input_scale=size,
            flip_indices=self.model.dataset_meta['flip_indices'],
        )
        samples = []
        for _ in crops:
            sample = PoseDataSample(metainfo=known)
            sample.gt_instances = InstanceData(
                bboxes=np.array([[0.0, 0, *size]], np.float32), bbox_scores=np.ones(1, np.float32)
            )
            samples.append(sample)
        return samples


def _test_pipeline(cfg: Config) -> list[dict[str, Any]]:
    """The steps of the test pipeline."""
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset.dataset
    steps: list[dict[str, Any]] = dataset.pipeline
    return steps


def _find(steps: list[dict[str, Any]], key: str, default: Any = None) -> Any:
    """The value of a key in the first step of the pipeline that has it."""
    for step in steps:
        if key in step:
            return step[key]
    if default is None:
        raise ValueError(f'the test pipeline of the model has no {key}: expected a top-down model')
    return default
