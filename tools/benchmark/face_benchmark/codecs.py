# SPDX-License-Identifier: Apache-2.0
"""Heatmaps to points and back: the codecs' own methods, as the heads call
them, of WFLW's plain and DARK rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from . import DARK
from .sides import Options, configs
from .timing import MMPOSE, OURS, Pair

_ROWS = dict(plain='td-hm_hrnetv2-w18_8xb64-60e_wflw-256x256', DARK=DARK)
_LANDMARKS, _MAP, _CROP = 98, 64, 256
# Inputs that the rounds take in turn.
_INPUTS = 3


def decode(options: Options) -> Iterator[Pair]:
    """Heatmaps on the device to points on the host, plain and DARK."""
    size = options.batch or 32
    given = [_heatmaps(size, i).to(options.device) for i in range(_INPUTS)]
    for kind, row in _ROWS.items():
        ways = {side: partial(_decode, codec, given) for side, codec in _codecs(row).items()}
        apart = max(float(np.abs(ways[OURS](i) - ways[MMPOSE](i)).max()) for i in range(_INPUTS))
        yield Pair(_case(kind, size), size, ways, apart, 'px', 1e-3)


def targets(options: Options) -> Iterator[Pair]:
    """Points on the host to heatmaps on the device: plain Gaussians, and the
    unbiased ones of DARK."""
    size = options.batch or 32
    given = [_points(size, i) for i in range(_INPUTS)]
    encode = {OURS: _encode_batch, MMPOSE: _encode_faces}
    for kind, row in _ROWS.items():
        ways = {
            side: partial(encode[side], codec, given, options.device)
            for side, codec in _codecs(row).items()
        }
        apart = max(float((ways[OURS](i) - ways[MMPOSE](i)).abs().max()) for i in range(_INPUTS))
        yield Pair(_case(kind, size), size, ways, apart, 'of the peak', 1e-5)


def _codecs(row: str) -> dict[str, BaseKeypointCodec]:
    init_default_scope('mmpose')
    return {side: KEYPOINT_CODECS.build(cfg.codec) for side, cfg in configs(row).items()}


def _case(kind: str, size: int) -> str:
    return f'{kind}, {size} x {_LANDMARKS} maps of {_MAP} x {_MAP}'


def _heatmaps(batch: int, seed: int) -> Tensor:
    """Heatmaps (B, K, H, W) as a trained network gives them: a Gaussian of
    sigma 2 cells and some height anywhere on the map, and a little noise."""
    random = torch.Generator().manual_seed(seed)
    x, y, peak = torch.rand(3, batch, _LANDMARKS, 1, generator=random)
    column, row = (torch.exp(-((torch.arange(_MAP) - at * (_MAP - 1)) ** 2) / 8) for at in (x, y))
    maps = (0.3 + 0.7 * peak)[..., None] * row[..., None] * column[..., None, :]
    return maps + 0.01 * torch.randn(maps.shape, generator=random)


def _points(batch: int, seed: int) -> np.ndarray:
    """Points (B, K, 2) in pixels of crops, some a little outside."""
    random = np.random.default_rng(seed)
    points = random.uniform(-0.02 * _CROP, 1.02 * _CROP, (batch, _LANDMARKS, 2))
    return points.astype(np.float32)


def _decode(codec: BaseKeypointCodec, given: list[Tensor], i: int) -> np.ndarray:
    """Points (B, K, 2) in pixels of the crop, as ``BaseHead.decode`` has
    them: by the codec's ``batch_decode`` where there is one, and otherwise on
    the host, face by face."""
    batch = given[i % _INPUTS]
    if codec.support_batch_decoding:
        points, _ = codec.batch_decode(batch)
    else:
        points = [codec.decode(face)[0] for face in batch.cpu().numpy()]
    return np.concatenate(points)


def _encode_batch(codec: BaseKeypointCodec, given: list[np.ndarray], device: str, i: int) -> Tensor:
    """Our heatmaps (B, K, H, W): the points go to the device and are drawn
    there."""
    points = torch.from_numpy(given[i % _INPUTS]).to(device)
    return codec.batch_encode(points, points.new_ones(points.shape[:2]))['heatmaps']


def _encode_faces(codec: BaseKeypointCodec, given: list[np.ndarray], device: str, i: int) -> Tensor:
    """MMPose's heatmaps (B, K, H, W): drawn face by face on the host, taken
    to the device one by one and stacked there, as its preprocessor and head
    do."""
    visible = np.ones((1, _LANDMARKS), np.float32)
    faces = [codec.encode(points[None], visible)['heatmaps'] for points in given[i % _INPUTS]]
    return torch.stack([torch.from_numpy(face).to(device) for face in faces])
