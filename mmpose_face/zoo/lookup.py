# SPDX-License-Identifier: Apache-2.0
"""Models by name, with their released weights."""

from __future__ import annotations

import copy
import difflib
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import torch.nn as nn
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpose.apis import init_model
from mmpose.apis.inference import dataset_meta_from_config

from ..datasets.metainfo import scheme_metainfo
from ..downloads import DownloadError, download
from ..engine.weights import misfit_explained
from ..files import PathLike
from ..landmarks import get_scheme
from ..text import shortened
from .metafiles import Row, read_rows
from .shipped import Shipped, shipped_models

if TYPE_CHECKING:
    from mmpose.models.pose_estimators.base import BasePoseEstimator


def list_models(pattern: str = '*', pretrained: bool = False) -> tuple[str, ...]:
    """The models that :func:`get_model` builds, in the order of the tables;
    models whose weights are in the package come last.

    Args:
        pattern (str): Only models whose short or long name matches, with
            ``*`` and ``?`` as in a shell. Defaults to all.
        pretrained (bool): Only models with released weights.

    Returns:
        tuple[str]: Short names, ``{data}-{model}[-{variant}]``.

    Examples:
        >>> list_models('wflw-hrnet*')
        ('wflw-hrnetv2-w18-dark', 'wflw-hrnetv2-w18-awing', 'wflw-hrnetv2-w18')
    """
    rows = [row for row in read_rows() if row.has_config and (row.weights or not pretrained)]
    models: tuple[Row | Shipped, ...] = (*rows, *shipped_models())
    return tuple(
        each.alias for each in models if fnmatch(each.alias, pattern) or fnmatch(each.name, pattern)
    )


def find_row(name: str) -> Row:
    """The row of the model zoo with that name.

    Args:
        name (str): Short name, or name of the config without ``.py``.

    Returns:
        Row: The row.

    Raises:
        ValueError: If there is no such row; the message has the closest names.
    """
    rows = read_rows()
    names = {key: row for row in rows for key in (row.alias, row.name)}
    if name in names:
        return names[name]
    known = (*names, *(each.alias for each in shipped_models()))
    close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = (
        f'did you mean {" or ".join(close)}?'
        if close
        else (f'expected one of {", ".join(row.alias for row in rows)}')
    )
    raise ValueError(f'no model {name!r} in the model zoo; {hint}')


def get_model(name: str, pretrained: bool = True, device: str = 'cpu') -> nn.Module:
    """Build a model of the zoo, for ``mmpose.apis.inference_topdown``.

    Args:
        name (str): Short name, or name of the config without ``.py``.
        pretrained (bool): Whether to load the released weights, which are
            downloaded once into the cache of torch.hub. If False, nothing is
            downloaded, not even the backbone's weights.
        device (str): Device of the model. Defaults to ``'cpu'``.

    Returns:
        nn.Module: The pose estimator in evaluation mode, with its config as
        ``cfg`` and the metainfo of its data set as ``dataset_meta``.

    Raises:
        DownloadError: If the weights cannot be fetched.
        ValueError: If there is no such model, or its weights are not released
            or do not fit.

    Examples:
        >>> model = get_model('wflw-hrnetv2-w18-dark')
        >>> inference_topdown(model, image, boxes)[0].pred_instances.keypoints
    """
    model = _find_model(name)
    weights = _weights(model) if pretrained else None
    return build_model(_config(model), weights, device)


def _find_model(name: str) -> Row | Shipped:
    for each in shipped_models():
        if name in (each.alias, each.name):
            return each
    return find_row(name)


def build_model(cfg: Config, checkpoint: PathLike | None = None, device: str = 'cpu') -> nn.Module:
    """Build the model of a config.

    Unlike MMPose's ``init_model``, it refuses a checkpoint that fits only in
    part, or whose points are not those of the config.

    Args:
        cfg (Config): A config with a data set.
        checkpoint (str | PathLike, optional): The weights.
        device (str): Device of the model. Defaults to ``'cpu'``.

    Returns:
        nn.Module: As from :func:`get_model`.

    Raises:
        ValueError: If the checkpoint does not fit, or has other points.
    """
    model = _init_model(cfg, device)
    if checkpoint is not None:
        name = os.fspath(checkpoint)
        with misfit_explained(name):
            loaded = load_checkpoint(model, name, 'cpu', strict=True, logger='silent')
        _check_points(name, loaded, model.dataset_meta)
    return model


def _init_model(cfg: Config, device: str) -> BasePoseEstimator:
    """MMPose's ``init_model``, also for data sets whose points are given by a
    scheme in the config; MMPose knows only those of data set classes."""
    dataset = cfg.get('train_dataloader', {}).get('dataset', {})
    if 'scheme' not in dataset:
        return init_model(cfg, None, device)
    scheme = get_scheme(dataset.scheme)
    with_points = copy.deepcopy(cfg)
    with_points.train_dataloader.dataset.metainfo = scheme_metainfo(scheme.name, scheme)
    model = init_model(with_points, None, device)
    model.cfg = cfg
    model.dataset_meta['scheme'] = scheme.to_dict()
    return model


def _check_points(name: str, checkpoint: dict, meta: dict) -> None:
    """Refuse a checkpoint whose metainfo has other points."""
    theirs = checkpoint.get('meta', {}).get('dataset_meta') or {}
    theirs = (theirs.get('keypoint_id2name') or {}).values()
    ours = meta['keypoint_id2name'].values()
    if theirs and list(theirs) != list(ours):
        raise ValueError(
            f'{name} is of {len(theirs)} points ({shortened(list(theirs))}), '
            f'the config of {len(ours)} ({shortened(list(ours))})'
        )


def config_of(name: str) -> Config:
    """The config of a model of the zoo.

    Args:
        name (str): As in :func:`get_model`.

    Raises:
        ValueError: If there is no such model, its config is missing or has no
            data set.
    """
    return _config(_find_model(name))


def _config(row: Row | Shipped) -> Config:
    if not row.config.is_file():
        raise ValueError(
            f'{row.name} has no config yet: {row.config} not '
            'found; list_models() lists the models that can be built'
        )
    cfg = Config.fromfile(row.config)
    # Without metainfo, init_model would assume COCO's 17 body points.
    if dataset_meta_from_config(cfg) is None:
        raise ValueError(f'{row.config} has no data set: expected one in train_dataloader')
    return cfg


def _weights(row: Row | Shipped) -> Path:
    if isinstance(row, Shipped):
        return row.weights
    if not row.weights:
        raise ValueError(
            f'no weights of {row.name} are released; get_model('
            f'{row.alias!r}, pretrained=False) builds it without them'
        )
    try:
        return download(row.weights, row.sha256)
    except DownloadError as error:
        raise DownloadError(
            f'{error}. get_model({row.alias!r}, pretrained=False) builds the model without weights'
        ) from error
