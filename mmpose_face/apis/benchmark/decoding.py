# SPDX-License-Identifier: Apache-2.0
"""From heatmaps to points: the codecs' own methods, as the heads call them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from .options import DARK, PLAIN, Options
from .results import OURS, THEIRS, Goal, Measurement
from .sides import configs
from .timing import Way, in_turn

FLOOR = 'amax'
KINDS = dict(plain=PLAIN, DARK=DARK)
# On one CPU thread, in times of one pass over the heatmaps.
_MOST = dict(plain=3.0, DARK=6.0)

Decoded = tuple[list[np.ndarray], list[np.ndarray]]


def codecs(kind: str) -> dict[str, BaseKeypointCodec]:
    """The codecs of WFLW's row, ours and MMPose's.

    Args:
        kind (str): ``'plain'`` or ``'DARK'``.

    Returns:
        dict[str, BaseKeypointCodec]: By side.
    """
    return {side: KEYPOINT_CODECS.build(cfg.codec) for side, cfg in configs(KINDS[kind]).items()}


def heatmaps(
    batch: int, landmarks: int, size: tuple[int, int] = (64, 64), seed: int = 0, device: str = 'cpu'
) -> Tensor:
    """Heatmaps as a trained network gives them: a Gaussian of sigma 2 cells
    and some height anywhere on the map, and a little noise.

    Args:
        batch (int): B.
        landmarks (int): K.
        size (tuple[int, int]): Width and height of a map.
        seed (int): Number of the batch.
        device (str): Where they are.

    Returns:
        Tensor: (B, K, H, W), float32.
    """
    random = torch.Generator().manual_seed(seed)
    width, height = size
    x, y, peak = torch.rand(3, batch, landmarks, 1, generator=random)
    column = torch.exp(-((torch.arange(width) - x * (width - 1)) ** 2) / 8)
    row = torch.exp(-((torch.arange(height) - y * (height - 1)) ** 2) / 8)
    maps = (0.3 + 0.7 * peak)[..., None] * row[..., None] * column[..., None, :]
    maps += 0.01 * torch.randn(maps.shape, generator=random)
    return maps.to(device)


def decode(codec: BaseKeypointCodec, batch: Tensor) -> Decoded:
    """As ``BaseHead.decode`` does: with the codec's ``batch_decode`` where it
    has one, and otherwise on the host, face by face.

    Args:
        codec (BaseKeypointCodec): A codec.
        batch (Tensor): Heatmaps (B, K, H, W).

    Returns:
        tuple[list[np.ndarray], list[np.ndarray]]: Points (1, K, 2) in pixels
        of the crop, and scores (1, K), of each face.
    """
    if codec.support_batch_decoding:
        return codec.batch_decode(batch)
    faces = [codec.decode(face) for face in batch.cpu().numpy()]
    return [points for points, _ in faces], [scores for _, scores in faces]


def decode_ways(kind: str, batches: Sequence[Tensor]) -> dict[str, Way]:
    """Ours, MMPose's, and one pass over the heatmaps, which no decoder can do
    without.

    Args:
        kind (str): ``'plain'`` or ``'DARK'``.
        batches (Sequence[Tensor]): Heatmaps, taken in turn.

    Returns:
        dict[str, Way]: ``'ours'``, ``'mmpose'`` and ``'amax'``.
    """
    ways: dict[str, Way] = {
        side: lambda i, c=codec: decode(c, batches[i % len(batches)])
        for side, codec in codecs(kind).items()
    }
    ways[FLOOR] = lambda i: torch.amax(batches[i % len(batches)], (-2, -1))
    return ways


def decoding(
    options: Options, batch: int = 32, landmarks: int = 98, goals: bool = True
) -> Iterator[Measurement]:
    """Time decoding, plain and DARK.

    Args:
        options (Options): What is asked for.
        batch (int): B.
        landmarks (int): K.
        goals (bool): Whether the goals are for these sizes.

    Yields:
        Measurement: Seconds of one batch.
    """
    batches = [
        heatmaps(batch, landmarks, seed=i, device=options.device)
        for i in range(3 if batch <= 64 else 2)
    ]
    for kind in KINDS:
        ways = decode_ways(kind, batches)
        yield Measurement(
            'decode',
            f'{kind}, B={batch}, K={landmarks}, 64 x 64',
            in_turn(ways, options.rounds, options.device, options.clock),
            faces=batch,
            settings=dict(kind=kind, batch=batch, landmarks=landmarks),
            difference=points_apart(ways[OURS](0), ways[THEIRS](0)),
            goals=(Goal(OURS, FLOOR, at_most=_MOST[kind]),)
            if goals and options.device == 'cpu'
            else (),
        )


def points_apart(ours: Decoded, theirs: Decoded) -> str:
    """The largest distance of decoded points, in words."""
    apart = np.abs(np.concatenate(ours[0]) - np.concatenate(theirs[0]))
    return f'{apart.max():.1e} px'
