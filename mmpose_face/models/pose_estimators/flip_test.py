# SPDX-License-Identifier: Apache-2.0
"""The flip test: the mean over an image and its mirror image."""

import functools
from collections.abc import Sequence
from typing import Any, Callable

import torch
from torch import Tensor

# More at once need larger blocks of memory, which the system hands out anew
# each time: a test of batches of 4 took a CPU 1.14 times as long.
_CPU_BATCH = 2


def of_both(compute: Callable[[Tensor], Any], images: Tensor) -> list[Any]:
    """What is computed of images and of their mirror images, in one batch;
    on the CPU in two unless it is a single image.

    Args:
        compute (Callable): Takes images and returns tensors of as many, or
            lists or tuples of these.
        images (Tensor): (B, C, H, W).

    Returns:
        list: Of the images and of the mirror images.
    """
    mirrored = images.flip(-1)
    if images.device.type == 'cpu' and 2 * len(images) > _CPU_BATCH:
        return [compute(images), compute(mirrored)]
    return list(halves(compute(torch.cat((images, mirrored)))))


def halves(features: Any) -> tuple[Any, Any]:
    """Features of two batches, of those that a network made of both.

    Args:
        features (Tensor | tuple | list): (2 * B, ...), or several of these,
            nested or not.

    Returns:
        tuple: Twice the same structure, of (B, ...).
    """
    if isinstance(features, Tensor):
        return features.chunk(2)
    pairs = zip(*map(halves, features))
    make = getattr(features, '_make', type(features))
    first, second = map(make, pairs)
    return first, second


@functools.lru_cache(maxsize=16)
def mirror_index(indices: tuple[int, ...], device: torch.device) -> Tensor:
    """``flip_indices`` of a data set, (K, ) int64 on the device."""
    return torch.tensor(indices, device=device)


def mean_heatmaps(straight: Tensor, mirrored: Tensor, mirror: Tensor, shift: bool) -> Tensor:
    """The mean of an image's heatmaps and its mirror image's, mirrored back.

    Args:
        straight, mirrored (Tensor): (B, K, H, W), of the images and of their
            mirror images.
        mirror (Tensor): (K, ) int64, the landmark in whose place each one
            comes in the mirror image.
        shift (bool): Whether to move the latter one cell to the right, whose
            first column then stays, as MMPose does.

    Returns:
        Tensor: (B, K, H, W), to the last bit that of MMPose's
        ``flip_heatmaps`` and mean.
    """
    mirrored = mirrored.index_select(1, mirror)
    if not shift:
        return mirrored.flip(-1).add_(straight).mul_(0.5)
    mean = torch.empty_like(straight)
    torch.add(straight[..., 1:], mirrored[..., 1:].flip(-1), out=mean[..., 1:])
    torch.add(straight[..., 0], mirrored[..., -1], out=mean[..., 0])
    return mean.mul_(0.5)


def mean_coordinates(
    straight: Tensor, mirrored: Tensor, mirror: Tensor, shift: bool, size: Sequence[int]
) -> Tensor:
    """The mean of an image's points and its mirror image's, mirrored back.

    Args:
        straight, mirrored (Tensor): (B, K, 2), in shares of the crop's sides,
            of the images and of their mirror images.
        mirror (Tensor): (K, ) int64, as :func:`mean_heatmaps` takes it.
        shift (bool): Whether to move the latter one pixel to the left, as
            MMPose does.
        size (Sequence[int]): Width and height of the crop, pixels.

    Returns:
        Tensor: (B, K, 2), that of MMPose's ``flip_coordinates`` and mean.
    """
    mirrored = mirrored.index_select(1, mirror)
    x, y = mirrored.unbind(-1)
    x = 1.0 - x
    if shift:
        x = x - 1.0 / size[0]
    return (straight + torch.stack((x, y), -1)) * 0.5
