# SPDX-License-Identifier: Apache-2.0
"""Checks that the parts of a config fit together, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import Registry
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.models.heads import CPMHead, HeatmapHead
from mmpose.registry import DATASETS, KEYPOINT_CODECS

from ..compat.config_references import Path, written_name
from ..datasets.metainfo import scheme_metainfo
from ..landmarks import get_scheme
from .fast_path import type_name

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


class _Setting(NamedTuple):
    """A value of a config, and the name under which a user changes it."""

    name: str
    value: Any

    def __str__(self) -> str:
        return f'{self.name} is {self.value}'


def check_config(cfg: Config) -> None:
    """Check that head, codec, crop, decoder and points agree.

    Args:
        cfg (Config): A runner config without references, see
            :func:`~mmpose_face.compat.config_references.brought_up_to_date`.

    Raises:
        ValueError: If two of them do not; the message names both keys.
    """
    model = cfg.get('model') or {}
    head = model.get('head') or {}
    if not isinstance(head, dict):
        return
    path = ('model', 'head', 'decoder')
    decoder = (path, head['decoder']) if isinstance(head.get('decoder'), dict) else None
    points = _points_of_head(cfg, head)
    schemes = list(_schemes_of_model(cfg, model))
    for loader in _LOADERS:
        dataset = (cfg.get(loader) or {}).get('dataset')
        if isinstance(dataset, dict):
            place = (loader, 'dataset')
            if decoder:
                _check_sizes(cfg, decoder, place, dataset)
            schemes += _check_points(cfg, points, place, dataset)
    _check_mirrors(schemes)


def _check_sizes(cfg: Config, decoder: tuple[Path, dict], place: Path, dataset: dict) -> None:
    """Compare the sizes of crops and targets with those of the decoder."""
    for path, step in _pipeline_steps(place, dataset):
        codec = step.get('encoder')
        if isinstance(codec, dict):
            path = (*path, 'encoder')
            _check_kind(cfg, decoder, (path, codec))
        else:
            codec = step
        for key in ('input_size', 'heatmap_size'):
            if key in codec and key in decoder[1] and tuple(codec[key]) != tuple(decoder[1][key]):
                a = _setting(cfg, (*path, key), codec[key])
                b = _setting(cfg, (*decoder[0], key), decoder[1][key])
                raise ValueError(f'{a} and {b}: expected the same')


def _check_kind(cfg: Config, decoder: tuple[Path, dict], encoder: tuple[Path, dict]) -> None:
    """Compare the codec of the decoder with that of the targets."""
    pair = decoder, encoder
    a, b = (_class_of(codec.get('type'), KEYPOINT_CODECS) for _, codec in pair)
    if a and b and not (issubclass(a, b) or issubclass(b, a)):
        name, other = (written_name(cfg, (*path, 'type')) for path, _ in pair)
        raise ValueError(
            f'{name} is {a.__name__} and {other} is {b.__name__}: expected the same codec'
        )


def _points_of_head(cfg: Config, head: dict) -> _Setting | None:
    """The number of points of the head; None if its config has none."""
    decoder = head.get('decoder') or {}
    if isinstance(decoder, dict) and decoder.get('heatmap_type') == 'combined':
        return None  # three maps for each point
    for key in ('out_channels', 'num_joints', 'num_keypoints'):
        if isinstance(head.get(key), int):
            return _setting(cfg, ('model', 'head', key), head[key])
    return None


def _schemes_of_model(cfg: Config, model: dict) -> Iterator[tuple[str, list[int]]]:
    for part in ('backbone', 'head'):
        scheme = (model.get(part) or {}).get('scheme')
        if scheme is not None:
            yield (written_name(cfg, ('model', part, 'scheme')), list(get_scheme(scheme).mirror))


def _check_points(
    cfg: Config, points: _Setting | None, place: Path, dataset: dict
) -> list[tuple[str, list[int]]]:
    """Compare the number of points with the data set's, and return the data
    set's name and mirror order, unless its pipeline converts the points."""
    meta = _metainfo(dataset)
    if meta is None:
        return []
    for path, step in _pipeline_steps(place, dataset):
        if 'num_keypoints' in step and 'mapping' in step:
            number = _setting(cfg, (*path, 'num_keypoints'), step['num_keypoints'])
            if points and number.value != points.value:
                raise ValueError(f'{points} and {number}: expected the same')
            return []
    name = written_name(cfg, place)
    if points and meta['num_keypoints'] != points.value:
        raise ValueError(
            f'{points}, and {name} ({type_name(dataset.get("type"))}) has '
            f'{meta["num_keypoints"]} points: expected the same'
        )
    return [(name, list(meta['flip_indices']))]


def _check_mirrors(schemes: list[tuple[str, list[int]]]) -> None:
    for (a, mirror), (b, other) in zip(schemes, schemes[1:]):
        if mirror != other:
            raise ValueError(
                f'{a} and {b} have different points: '
                f'{len(mirror)} and {len(other)} of them, or other pairs '
                'that swap places in a mirror image'
            )


def _metainfo(dataset: dict) -> dict | None:
    """The metainfo of a data set that is not built yet; None if unknown."""
    if dataset.get('metainfo'):
        return parse_pose_metainfo(dict(dataset['metainfo']))
    if dataset.get('scheme') is not None:
        scheme = get_scheme(dataset['scheme'])
        return parse_pose_metainfo(scheme_metainfo(scheme.name, scheme))
    if isinstance(dataset.get('dataset'), dict):
        return _metainfo(dataset['dataset'])
    meta = getattr(_class_of(dataset.get('type'), DATASETS), 'METAINFO', None)
    return parse_pose_metainfo(dict(meta)) if meta else None


def _pipeline_steps(place: Path, dataset: dict) -> Iterator[tuple[Path, dict]]:
    """The steps of a data set's pipeline and their paths in the config."""
    for i, step in enumerate(dataset.get('pipeline') or ()):
        if isinstance(step, dict):
            yield (*place, 'pipeline', i), step


def _class_of(kind: Any, registry: Registry) -> type | None:
    found = registry.get(kind) if isinstance(kind, str) else kind
    return found if isinstance(found, type) else None


def _setting(cfg: Config, path: Path, value: Any) -> _Setting:
    return _Setting(written_name(cfg, path), value)


def check_heatmaps(model: BaseModel, cfg: Config) -> None:
    """Check that a network gives heatmaps of the codec's size.

    Args:
        model (BaseModel): The pose estimator of a runner.
        cfg (Config): Its config.

    Raises:
        ValueError: If it does not; the message has both sizes and the name of
            the codec's in the config.
    """
    head = getattr(model, 'head', None)
    size = getattr(getattr(head, 'decoder', None), 'heatmap_size', None)
    compiled = getattr(getattr(model, 'switches', None), 'compile', False)
    if size is None or compiled or not isinstance(head, (HeatmapHead, CPMHead)):
        return
    found = _heatmap_size(model, head.decoder.input_size)
    if found != tuple(size):
        name = written_name(cfg, ('model', 'head', 'decoder', 'heatmap_size'))
        raise ValueError(
            f'{name} is {tuple(size)}, and the network (model.backbone, '
            f'model.head) gives {found} for a crop of '
            f'{tuple(head.decoder.input_size)}: expected the same'
        )


@torch.no_grad()
def _heatmap_size(model: BaseModel, input_size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the heatmaps of a crop of that size."""
    weight = next(model.parameters())
    crop = weight.new_zeros(1, 3, *input_size[::-1])
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        maps = model.head(model.extract_feat(crop))
    finally:
        for module, mode in training.items():
            module.training = mode
    maps = maps[-1] if isinstance(maps, (list, tuple)) else maps
    return tuple(maps.shape[:1:-1])
