# SPDX-License-Identifier: Apache-2.0
"""Time STAR loss beside L1 on the means of the same heatmaps, and what each
keeps for the backward pass; both with the softmax that makes the heatmaps, and
without it.

    OMP_NUM_THREADS=1 python tools/dev/time_star_loss.py
"""

import ctypes
import time
from statistics import median
from typing import Callable

import torch
from torch import Tensor

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.codecs import soft_argmax
from mmpose_face.models import STARLoss

ROUNDS = 31
SHAPE = (16, 98, 64, 64)

Loss = Callable[[Tensor], Tensor]


def keep_memory() -> None:
    """Have freed memory handed out again, as in a long training: otherwise
    some losses, by chance, get new pages from the system, which takes as long
    as the loss does."""
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:
        print('no glibc: times contain those of fetching memory')
        return
    trim_threshold, mmap_threshold = -1, -3  # glibc's malloc.h
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(mmap_threshold, 2**25)  # the most it allows


def losses(targets: Tensor) -> dict[str, Loss]:
    """Each from heatmaps to a number; the first is what others are compared
    with."""
    mahalanobis, per_axis = STARLoss(mode='mahalanobis'), STARLoss(mode='per_axis')
    return {
        'soft-argmax + L1': lambda p: (soft_argmax(p) - targets).abs().mean(),
        'STAR, mahalanobis': lambda p: mahalanobis(p, targets),
        'STAR, per_axis': lambda p: per_axis(p, targets),
    }


def softmax(logits: Tensor) -> Tensor:
    return logits.flatten(2).softmax(-1).view_as(logits)


def seconds(loss: Loss, start: Tensor) -> float:
    """Of one forward and backward pass, of all threads together; what others
    do on the machine meanwhile is not counted."""
    start.grad = None
    begin = time.process_time()
    loss(start).backward()
    return time.process_time() - begin


def saved(loss: Loss, start: Tensor) -> int:
    """Bytes kept for the backward pass; what is kept twice counts once."""
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        loss(start)
    return sum(sizes.values())


def compare(title: str, named: dict[str, Loss], start: Tensor) -> None:
    start.requires_grad_()
    times: dict[str, list[float]] = {name: [] for name in named}
    for _ in range(ROUNDS):
        for name, loss in named.items():
            times[name].append(seconds(loss, start))
    print(title)
    first, *_ = named
    kept = {name: saved(loss, start) / 2**20 for name, loss in named.items()}
    for name in named:
        # Pairs have run next to each other, whatever else the machine did.
        slower = median(b / a for a, b in zip(times[first], times[name]))
        more = f'{kept[name] / kept[first]:.2f} x' if kept[first] > 0.1 else '-'
        print(
            f'  {name:18} {1e3 * median(times[name]):6.1f} ms '
            f'({slower:.2f} x)  {kept[name]:6.1f} MiB saved ({more})'
        )


def main() -> None:
    keep_memory()
    torch.manual_seed(0)
    logits = torch.randn(SHAPE)
    named = losses(torch.rand(*SHAPE[:2], 2) * 2 - 1)
    print(
        f'{" x ".join(map(str, SHAPE))}, forward and backward, '
        f'{torch.get_num_threads()} threads, medians of {ROUNDS} rounds in '
        'turn, of times and of ratios'
    )
    compare(
        'with the softmax',
        {name: lambda x, loss=loss: loss(softmax(x)) for name, loss in named.items()},
        logits.clone(),
    )
    compare('heatmaps given', named, softmax(logits))


if __name__ == '__main__':
    main()
