# SPDX-License-Identifier: Apache-2.0
"""Landmarks from images in three lines, with a network of PyTorch."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
import torch.nn as nn
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from ..landmarks import scheme_of_metainfo
from ..zoo import build_model, config_of, get_model
from .detectors import Detector, get_detector
from .landmarking import Landmarker

DEFAULT_MODEL = 'synthetic-res18-w48-dark'


class FaceLandmarker(Landmarker):
    """Finds faces and their landmarks.

    Args:
        model (str | PathLike | nn.Module): A model of the zoo by its name,
            whose weights are fetched once; a config with a ``checkpoint``; or
            a model that MMPose's ``init_model`` has made. Defaults to the
            small one that comes with the package.
        checkpoint (str | PathLike, optional): Weights of one's own.
        detector (str | Detector): ``'haar'``, ``'yolox'``,
            ``'whole_image'``, the path of YuNet's ONNX file, or any
            :class:`~.detectors.Detector`. Defaults to ``'haar'``.
        device (str): Where the network runs. Defaults to ``'cpu'``.
        batch_size (int): Faces that go through the network together.
            Defaults to 32.
        flip_test (bool): Whether to take the mean with the mirror image's
            points, as published figures do, in twice the time. Defaults to
            False.
        second_pass (bool): Whether to look at each face again, in the box of
            the landmarks that were found first. Defaults to False.

    Raises:
        DownloadError: If weights cannot be fetched.
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If there is no such model, or the checkpoint is of
            another.

    Examples:
        >>> faces = FaceLandmarker('wflw-hrnetv2-w18-dark')('group.jpg')
        >>> faces[0].keypoints, faces[0]['left_eye'], faces[0].to('ibug68')
        >>> faces.draw('out.jpg')
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | nn.Module = DEFAULT_MODEL,
        checkpoint: str | os.PathLike[str] | None = None,
        detector: str | Detector = 'haar',
        device: str = 'cpu',
        batch_size: int = 32,
        flip_test: bool = False,
        second_pass: bool = False,
    ) -> None:
        self.device = device
        network = TorchNetwork(load_model(model, checkpoint, device), flip_test)
        super().__init__(network, detector, batch_size, second_pass)

    def _get_detector(self, name: str) -> Detector:
        return get_detector(name, self.device)


def load_model(
    model: str | os.PathLike[str] | nn.Module,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str = 'cpu',
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
        model (nn.Module): As ``init_model`` makes it.
        flip_test (bool): Whether to take the mean with the mirror image's
            points.

    Raises:
        ValueError: If it is no top-down model.
    """

    def __init__(self, model: nn.Module, flip_test: bool = False) -> None:
        self.model = model
        self.flip_test = flip_test
        self.scheme = scheme_of_metainfo(model.dataset_meta)
        steps = _test_pipeline(model.cfg)
        self.input_size = tuple(_find(steps, 'input_size'))
        self.padding = float(_find(steps, 'padding', 1.25))

    @torch.no_grad()
    def __call__(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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

    def _samples(self, crops: np.ndarray) -> list[PoseDataSample]:
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


def _test_pipeline(cfg: Config) -> list[dict]:
    """The steps that a test takes, in the order of the config."""
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset.dataset
    return dataset.pipeline


def _find(steps: list[dict], key: str, default: Any = None) -> Any:
    """What a step of the pipeline is told."""
    for step in steps:
        if key in step:
            return step[key]
    if default is None:
        raise ValueError(f'the test pipeline of the model has no {key}: expected a top-down model')
    return default
