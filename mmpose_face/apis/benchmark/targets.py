# SPDX-License-Identifier: Apache-2.0
"""From points to the heatmaps that a network is trained on."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from .decoding import codecs
from .options import Options
from .results import OURS, THEIRS, Goal, Measurement
from .timing import Way, in_turn

# MMPose's drawing with what follows before the loss can be taken.
ON_DEVICE = 'mmpose to device'
_NAMES = dict(plain='Gaussian', DARK='unbiased')


def crop_points(batch: int, landmarks: int, size: int = 256, seed: int = 0) -> np.ndarray:
    """Points of crops, some a little outside.

    Args:
        batch (int): B.
        landmarks (int): K.
        size (int): Width and height of the crop in pixels.
        seed (int): Number of the batch.

    Returns:
        np.ndarray: (B, K, 2), pixels, float32.
    """
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.02 * size, 1.02 * size, (batch, landmarks, 2))
    return points.astype(np.float32)


def encode_batch(codec: BaseKeypointCodec, points: np.ndarray, device: str) -> Tensor:
    """Our way: the points go to the device and are drawn there; a codec
    without ``batch_encode`` draws them face by face on the host.

    Args:
        codec (BaseKeypointCodec): A codec.
        points (np.ndarray): (B, K, 2), pixels of the crop.
        device (str): Where the heatmaps are wanted.

    Returns:
        Tensor: Heatmaps (B, K, H, W).
    """
    if not hasattr(codec, 'batch_encode'):
        return stacked(encode_faces(codec, points), device)
    given = torch.from_numpy(points).to(device)
    visible = given.new_ones(given.shape[:2])
    return codec.batch_encode(given, visible)['heatmaps']


def encode_faces(codec: BaseKeypointCodec, points: np.ndarray) -> Sequence[np.ndarray]:
    """MMPose's way: face by face, in the workers.

    Args:
        codec (BaseKeypointCodec): A codec.
        points (np.ndarray): (B, K, 2), pixels of the crop.

    Returns:
        list[np.ndarray]: Heatmaps (K, H, W) of each face.
    """
    visible = np.ones((1, points.shape[1]), np.float32)
    return [codec.encode(face[None], visible)['heatmaps'] for face in points]


def stacked(faces: Sequence[np.ndarray], device: str) -> Tensor:
    """What MMPose's preprocessor and head do with drawings: they go to the
    device one by one and are stacked there.

    Args:
        faces (Sequence[np.ndarray]): Heatmaps (K, H, W) of each face.
        device (str): Where they are wanted.

    Returns:
        Tensor: Heatmaps (B, K, H, W).
    """
    return torch.stack([torch.from_numpy(face).to(device) for face in faces])


def target_ways(kind: str, batches: Sequence[np.ndarray], device: str) -> dict[str, Way]:
    """Ours, MMPose's drawing alone, and MMPose's with :func:`stacked`, after
    which it has what ours has.

    Args:
        kind (str): ``'plain'`` or ``'DARK'``.
        batches (Sequence[np.ndarray]): Points (B, K, 2), taken in turn.
        device (str): Where the heatmaps are wanted.

    Returns:
        dict[str, Way]: ``'ours'``, ``'mmpose'`` and ``'mmpose to device'``.
    """
    made = codecs(kind)

    def points(i: int) -> np.ndarray:
        return batches[i % len(batches)]

    def on_device(i: int) -> Tensor:
        return stacked(encode_faces(made[THEIRS], points(i)), device)

    return {
        OURS: lambda i: encode_batch(made[OURS], points(i), device),
        THEIRS: lambda i: encode_faces(made[THEIRS], points(i)),
        ON_DEVICE: on_device,
    }


def targets(
    options: Options, batch: int = 32, landmarks: int = 98, goals: bool = True
) -> Iterator[Measurement]:
    """Time drawing, Gaussian and unbiased.

    Args:
        options (Options): What is asked for.
        batch (int): B.
        landmarks (int): K.
        goals (bool): Whether the goals are for these sizes.

    Yields:
        Measurement: Seconds of one batch.
    """
    batches = [crop_points(batch, landmarks, seed=i) for i in range(3)]
    for kind, name in _NAMES.items():
        ways = target_ways(kind, batches, options.device)
        apart = (ways[OURS](0) - ways[ON_DEVICE](0)).abs().max()
        yield Measurement(
            'targets',
            f'{name}, B={batch}, K={landmarks}, 64 x 64',
            in_turn(ways, options.rounds, options.device, options.clock),
            faces=batch,
            settings=dict(kind=kind, batch=batch, landmarks=landmarks),
            difference=f'{float(apart):.1e}',
            goals=(Goal(THEIRS, OURS, at_least=5.0),) if goals and options.device == 'cpu' else (),
        )
