# SPDX-License-Identifier: Apache-2.0
"""The memory format of images and weights (channels last on GPUs).

Never channels last on CPUs. There the backward pass of a 1x1 convolution with
stride 2 and few input channels (fewer than 8, with AVX-512 fewer than 16)
writes beyond its memory in oneDNN 3.10, which torch 2.11 contains: gradients
are wrong without a warning, or the process ends. Nor was a step faster.
"""

import functools
import logging
from contextlib import AbstractContextManager, nullcontext

import torch
from mmengine.logging import print_log

_CHANNELS_LAST_DEVICES = ('cuda',)


def memory_format(device: torch.device, channels_last: bool) -> torch.memory_format:
    """The memory format of tensors (B, C, H, W) on a device.

    Args:
        device (torch.device): The device of the tensors.
        channels_last (bool): Whether channels last are requested.

    Returns:
        torch.memory_format: ``channels_last`` where they are requested and
        the device is a GPU, else ``contiguous_format``.
    """
    if channels_last and device.type in _CHANNELS_LAST_DEVICES:
        return torch.channels_last
    return torch.contiguous_format


def compiled_memory_format(device: torch.device) -> AbstractContextManager:
    """A context in which ``torch.compile`` keeps the memory format.

    On CPUs it would choose channels last by itself, when a compiled module is
    first called. Without effect on GPUs.

    Args:
        device (torch.device): The device of the tensors.
    """
    if device.type in _CHANNELS_LAST_DEVICES:
        return nullcontext()
    from torch._inductor import config

    return config.patch(layout_optimization=False)


@functools.cache
def warn_unless_channels_last(device_type: str) -> None:
    """Log one warning if channels last are not used on devices of this type."""
    if device_type not in _CHANNELS_LAST_DEVICES:
        print_log(
            f'network.channels_last has no effect on {device_type!r}, only on '
            'GPUs: gradients can be wrong with it on CPUs',
            'current',
            logging.WARNING,
        )
