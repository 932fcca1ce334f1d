# SPDX-License-Identifier: Apache-2.0
"""Half precision where it is safe, float32 elsewhere."""

import functools
import logging
from contextlib import AbstractContextManager, nullcontext

import torch
from mmengine.logging import print_log
from torch import Tensor


def full_precision(tensor: Tensor) -> AbstractContextManager:
    """A context without autocast, for losses and decoders.

    Autocast would compute their matrix products and convolutions in bfloat16,
    whose 8 bits shift a point of 256 pixels by half a pixel.

    Args:
        tensor (Tensor): A tensor on the device of the computation.
    """
    return torch.autocast(tensor.device.type, enabled=False)


def half_precision(tensor: Tensor) -> AbstractContextManager:
    """A context for networks: convolutions and matrix products in bfloat16.

    It has the range of float32, so that gradients need no scaling, which
    would wait for the device in every iteration. Without effect, and with one
    warning, where the device has no bfloat16.

    Args:
        tensor (Tensor): A tensor on the device of the computation.
    """
    if not _has_bfloat16(tensor.device):
        return nullcontext()
    return torch.autocast(tensor.device.type, torch.bfloat16)


@functools.cache
def _has_bfloat16(device: torch.device) -> bool:
    if device.type != 'cuda':
        return True
    with torch.cuda.device(device):
        found = torch.cuda.is_bf16_supported(including_emulation=False)
    if not found:
        print_log(
            f'{torch.cuda.get_device_name(device)} has no bfloat16: the '
            'network computes in float32',
            'current',
            logging.WARNING,
        )
    return found
