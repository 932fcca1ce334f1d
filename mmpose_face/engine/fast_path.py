# SPDX-License-Identifier: Apache-2.0
"""MMPose's classes in place of ours, by ``fast=False`` in a config."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS

from ..datasets import FaceTarget

# Our classes and one function, and those of MMPose and MMEngine that do the
# same. All other classes of ours work with both.
COUNTERPARTS: dict[str, str] = dict(
    LoadFaceImage='LoadImage',
    RandomFaceFlip='RandomFlip',
    RandomFaceBox='RandomBBoxTransform',
    WarpFace='TopdownAffine',
    FaceTarget='GenerateTarget',
    PackFaceInputs='PackPoseInputs',
    face_collate='pseudo_collate',
    FacePreprocessor='PoseDataPreprocessor',
    FaceHeatmapHead='HeatmapHead',
    FaceCPMHead='CPMHead',
    FaceRegressionHead='RegressionHead',
    FaceMSRAHeatmap='MSRAHeatmap',
    FaceRegressionLabel='RegressionLabel',
    FacePoseEstimator='TopdownPoseEstimator',
    FaceRuntimeInfoHook='RuntimeInfoHook',
)

# Options that only our classes have, with the value that MMPose's behaviour
# equals.
_ONLY_OURS = dict(channels_last=False, network=False, border_shift=True)

# PackFaceInputs always packs these, PackPoseInputs only if in meta_keys.
_FACE_KEYS = ('subsets', 'occluded', 'box_size')


def with_fast_path(cfg: Config) -> Config:
    """Apply a config's variable ``fast``.

    Args:
        cfg (Config): Runner config. With ``fast=False`` MMPose's classes
            replace ours, as in :data:`COUNTERPARTS`; else its loaders get
            ``face_collate``.

    Returns:
        Config: A changed copy.

    Raises:
        ValueError: If ``fast`` is neither True nor False, or MMPose has no
            counterpart for an option or a class of the config.
    """
    check_fast(cfg.get('fast', True))
    cfg = copy.deepcopy(cfg)
    loaders = [cfg.get(f'{part}_dataloader') for part in ('train', 'val', 'test')]
    loaders = [loader for loader in loaders if isinstance(loader, dict)]
    if not cfg.get('fast', True):
        for settings in _dicts(cfg._cfg_dict):
            _replace(settings)
        for loader in loaders:
            loader['pin_memory'] = False  # of batches of small tensors
    elif has_switches(cfg.get('model') or {}):
        # Not in configs: MMPose's inferencer accepts only a name there, and
        # MMEngine's runner only a dict.
        for loader in loaders:
            loader.setdefault('collate_fn', dict(type='face_collate'))
    return cfg


def check_fast(value: Any) -> None:
    """Raise ValueError unless a value of ``fast`` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(
            f"fast is {value!r}, expected True, or False for MMPose's own classes; "
            'it has no parts any more'
        )


def has_switches(model: dict) -> bool:
    """Whether a model is a :class:`~mmpose_face.models.FacePoseEstimator`,
    which has the switches ``network``, by its config."""
    type_ = model.get('type')
    classes = type_.__mro__ if isinstance(type_, type) else [type_]
    return 'FacePoseEstimator' in map(type_name, classes)


def _dicts(value: Any) -> Iterator[dict]:
    """All dicts in a config, at any depth."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _dicts(each)


def _replace(settings: dict) -> None:
    """Replace the class that a dict names by its counterpart."""
    type_ = settings.get('type')
    ours = type_name(type_)
    if ours not in COUNTERPARTS:
        _check_targets(settings)
        return
    theirs = COUNTERPARTS[ours]
    for option, on in _ONLY_OURS.items():
        if option in settings and _is_on(settings.pop(option)) != on:
            raise ValueError(
                f'fast=False puts {theirs} in place of {ours}, and {theirs} has no {option}: '
                'leave it out, or set fast=True'
            )
    if ours == 'PackFaceInputs':
        default = inspect.signature(PackPoseInputs).parameters['meta_keys'].default
        settings['meta_keys'] = (*settings.get('meta_keys', default), *_FACE_KEYS)
    settings['type'] = theirs


def _is_on(value: Any) -> bool:
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _check_targets(settings: dict) -> None:
    """Refuse classes derived from FaceTarget, which have no counterpart."""
    type_ = settings.get('type')
    if 'encoder' not in settings:
        return
    cls = TRANSFORMS.get(type_) if isinstance(type_, str) else type_
    if isinstance(cls, type) and issubclass(cls, FaceTarget):
        raise ValueError(
            f'{cls.__name__} leaves the targets to FacePreprocessor, and with fast=False there is '
            "none: use one made from MMPose's GenerateTarget, or set fast=True"
        )


def type_name(type_: Any) -> str:
    """The name of a class or function; dumped configs have text instead."""
    return getattr(type_, '__name__', str(type_)).rpartition('.')[-1]
