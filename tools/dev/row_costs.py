# SPDX-License-Identifier: Apache-2.0
"""Measure what each row of the model zoo costs, and write it into its metafile.

    OMP_NUM_THREADS=1 python tools/dev/row_costs.py

``Metadata`` of a row gets ``Parameters``, ``FLOPs`` (MMEngine's
``get_model_complexity_info``, which counts a multiplication with its addition
once) and ``CPU Milliseconds``: the processor time of one forward pass of the
network, for one face, without flip test, in float32 on one thread. What it was
measured on goes into ``collections.yml``, as ``Measured On``. Weights are
random, which changes none of it.
"""

from __future__ import annotations

import platform
import re
import time
from pathlib import Path
from statistics import median

import torch
from mmengine.analysis import get_model_complexity_info

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.files import write_whole
from mmpose_face.zoo import get_model, read_rows

REPO = Path(__file__).resolve().parents[2]
COLLECTIONS = REPO / 'configs/face_2d_keypoint/collections.yml'
WARM_UP, RUNS = 3, 15


def costs(model: torch.nn.Module) -> dict[str, int | float]:
    """The fields of ``Metadata``."""
    width, height = model.cfg.codec['input_size']
    image = torch.rand(1, 3, height, width)
    model.forward = model._forward  # images alone, as MMEngine's count has them
    counted = get_model_complexity_info(model, inputs=image, show_table=False, show_arch=False)
    return {
        'Parameters': counted['params'],
        'FLOPs': counted['flops'],
        'CPU Milliseconds': round(cpu_milliseconds(model, image), 1),
    }


@torch.inference_mode()
def cpu_milliseconds(model: torch.nn.Module, image: torch.Tensor) -> float:
    """The median of several runs, in time of the processor: what else the
    machine does is not counted."""
    times = []
    for _ in range(WARM_UP + RUNS):
        start = time.thread_time()
        model(image)
        times.append(1000 * (time.thread_time() - start))
    return median(times[WARM_UP:])


def with_fields(text: str, heading: str, fields: dict[str, object]) -> str:
    """A metafile with fields first under a heading, in place of older ones.

    Comments and the order of all else are kept.
    """
    found = re.search(rf'^( *){re.escape(heading)}:\n', text, re.M)
    if not found:
        raise ValueError(f'no field {heading} in {text[:60]!r}')
    indent = found[1] + '  '
    start, rest = text[: found.end()], text[found.end() :]
    for name in fields:
        rest = re.sub(rf'^{indent}{re.escape(name)}: .*\n', '', rest, count=1, flags=re.M)
    lines = ''.join(f'{indent}{name}: {value}\n' for name, value in fields.items())
    return start + lines + rest


def machine() -> dict[str, str]:
    """The processor, as Linux or else Python names it, and the version of
    torch."""
    info = Path('/proc/cpuinfo')
    named = re.search(r'^model name\s*: (.*)', info.read_text(), re.M) if info.exists() else None
    processor = named[1] if named else platform.processor()
    return dict(
        Processor=f'{processor} ({torch.backends.cpu.get_cpu_capability()})',
        Torch=torch.__version__,
    )


def main() -> None:
    torch.set_num_threads(1)
    for row in read_rows(REPO):
        path = REPO / row.metafile
        measured = costs(get_model(row.name, pretrained=False))
        print(row.name, measured, flush=True)
        write_whole(path, with_fields(path.read_text('utf-8'), 'Metadata', measured))
    write_whole(COLLECTIONS, with_fields(COLLECTIONS.read_text('utf-8'), 'Measured On', machine()))


if __name__ == '__main__':
    main()
