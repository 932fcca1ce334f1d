# SPDX-License-Identifier: Apache-2.0
"""The flip test: the mean over an image and its mirror image."""

import functools
from collections.abc import Sequence
from typing import Any, Callable

import torch
from torch import Tensor

# Larger batches need larger blocks of memory, which the system provides anew
# each time: on a CPU a test with batches of 4 took 1.14 times as long.
_CPU_BATCH = 2


def of_both(compute: Callable[[Tensor], Any], images: Tensor) -> list[Any]:
    """Compute outputs of images and of their mirror images, in one batch; on
    the CPU in two, unless there is only one image.

    Args:
        compute (Callable): From images to tensors of the same number, or
            lists or tuples of these.
        images (Tensor): (B, C, H, W).

    Returns:
        list: The outputs of the images and of the mirror images.
    """
    mirrored = images.flip(-1)
    if images.device.type == 'cpu' and 2 * len(images) > _CPU_BATCH:
        return [compute(images), compute(mirrored)]
    return list(halves(compute(torch.cat((images, mirrored)))))


def halves(features: Any) -> tuple[Any, Any]:
    """Split the features of two batches that a network took as one.

    Args:
        features (Tensor | tuple | list): (2 * B, ...), or several of these,
            nested or not.

    Returns:
        tuple: Twice the same structure, of (B, ...).
    """
    if isinstance(features, Tensor):
        first, second = features.chunk(2)
    else:
        make = getattr(features, '_make', type(features))
        first, second = map(make, zip(*map(halves, features)))
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
        mirror (Tensor): (K, ) int64, for each landmark the one whose place it
            takes in the mirror image.
        shift (bool): Whether to move the mirrored heatmaps one cell to the
            right, except for their first column, as MMPose does.

    Returns:
        Tensor: (B, K, H, W), equal to MMPose's ``flip_heatmaps`` and mean to
        the last bit.
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
        mirror (Tensor): (K, ) int64, as in :func:`mean_heatmaps`.
        shift (bool): Whether to move the mirrored points one pixel to the
            left, as MMPose does.
        size (Sequence[int]): Width and height of the crop, pixels.

    Returns:
        Tensor: (B, K, 2), equal to MMPose's ``flip_coordinates`` and mean.
    """
    mirrored = mirrored.index_select(1, mirror)
    x, y = mirrored.unbind(-1)
    x = 1.0 - x
    if shift:
        x = x - 1.0 / size[0]
    return (straight + torch.stack((x, y), -1)) * 0.5
