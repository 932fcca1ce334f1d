# SPDX-License-Identifier: Apache-2.0
"""MMPose's own path, part by part, by the variable ``fast`` of a config."""

import copy
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

# The classes, and a function, that take ``fast``; each does what MMPose's
# does with ``fast=False``.
PARTS: dict[str, tuple[str, ...]] = dict(
    loading=('LoadFaceImage',),
    warp=('RandomFaceFlip', 'RandomFaceBox', 'WarpFace'),
    targets=('FaceTarget',),
    batching=('PackFaceInputs', 'face_collate', 'FacePreprocessor'),
    accuracy=('FaceHeatmapHead', 'FaceCPMHead', 'FaceRegressionHead', 'FaceRuntimeInfoHook'),
    decode=('FaceMSRAHeatmap', 'FaceRegressionLabel'),
    flip_test=('FacePoseEstimator',),
)


def with_fast_path(cfg: Config) -> Config:
    """A config in which the parts that are switched off are MMPose's.

    Args:
        cfg (Config): Runner config. Its variable ``fast`` has True or False
            for each of :data:`PARTS`, or is one of them for all; a part that
            it does not name is on.

    Returns:
        Config: A changed copy.

    Raises:
        ValueError: If there is no such part, or it is neither on nor off.
    """
    parts = switches(cfg.get('fast', True))
    off = {name for part, names in PARTS.items() if not parts[part] for name in names}
    cfg = copy.deepcopy(cfg)
    if has_switches(cfg.get('model') or {}):
        fast = parts['batching']
        _collate(cfg, 'face_collate' if fast else 'pseudo_collate')
    if not off:
        return cfg
    cfg.fast = parts
    for settings in _dicts(cfg._cfg_dict):
        if off & _names(settings.get('type')):
            settings['fast'] = False
        if not parts['batching'] and 'collate_fn' in settings:
            settings['pin_memory'] = False
    return cfg


def _collate(cfg: Config, name: str) -> None:
    """Name the function that makes batches where a loader names none.

    Configs do not say it for tests, since MMPose's inferencer takes no more
    than a name there and MMEngine's runner no name.
    """
    for part in ('train', 'val', 'test'):
        loader = cfg.get(f'{part}_dataloader')
        if isinstance(loader, dict):
            loader.setdefault('collate_fn', dict(type=name))


def switches(fast: Any) -> dict[str, bool]:
    """Each part and whether it is on; see :func:`with_fast_path`."""
    if isinstance(fast, bool):
        return dict.fromkeys(PARTS, fast)
    if not isinstance(fast, dict):
        raise ValueError(
            f'fast is {fast!r}, expected True, False or one of them for each of {", ".join(PARTS)}'
        )
    for part, value in fast.items():
        if part not in PARTS:
            raise ValueError(f'fast has no part {part!r}, expected {", ".join(PARTS)}')
        if not isinstance(value, bool):
            raise ValueError(f'fast.{part} is {value!r}, expected True or False')
    return {part: fast.get(part, True) for part in PARTS}


def has_switches(model: dict) -> bool:
    """Whether the config of a model is that of a
    :class:`~mmpose_face.models.FacePoseEstimator`, which has ``network``.

    MMEngine's own AMP scales the losses and waits for the device to see
    whether that was too much; it runs on GPUs alone.
    """
    return 'FacePoseEstimator' in _names(model.get('type'))


def _dicts(value: Any) -> Iterator[dict]:
    """All dicts in a config, whatever they are in."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _dicts(each)


def _names(type_: Any) -> set[str]:
    """The names of a class and of those it is made from, or of a function.

    A config that was read from a file which was dumped has text in its place.
    """
    if isinstance(type_, type):
        return {base.__name__ for base in type_.__mro__}
    return {getattr(type_, '__name__', str(type_)).rpartition('.')[-1]}
