# SPDX-License-Identifier: Apache-2.0
"""A whole test, the table of WFLW, and a training, each in processes of its
own: time, memory, and faces that go through the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmpose.registry import MODELS

from ...datasets.converters.wflw import SUBSET_FILES
from .child import Task, start
from .options import Options
from .results import OURS, THEIRS, Goal, Measurement
from .sides import configs
from .wflw_like import make_wflw_like

SIDES = (THEIRS, OURS)
# Iterations of a training.
_ITERATIONS = 4
# Of each loader, as the configs have it.
_WORKERS = 2

Found = dict[str, list[dict[str, Any]]]


def whole(options: Options) -> Iterator[Measurement]:
    """Measure ``test`` of all faces, the seven columns of WFLW's table, and
    the start of a training.

    Args:
        options (Options): What is asked for; at most three rounds are done.

    Yields:
        Measurement: Wall time, peak memory, and faces.
    """
    root = make_wflw_like(options.folder, options.faces)
    checkpoint = random_weights(options)
    tests: Found = {side: [] for side in SIDES}
    trainings: Found = {side: [] for side in SIDES}
    for _ in range(min(3, options.rounds)):
        for side in SIDES:
            task = _task(side, options, root, checkpoint=str(checkpoint))
            tests[side].append(start(task))
            trainings[side].append(start(training_task(side, options)))
    yield from _figures(f'test of {options.faces} faces', tests)
    yield from _figures(f'training, {_ITERATIONS} iterations', trainings)
    yield from columns(options, tests, root, checkpoint)


def random_weights(options: Options) -> Path:
    """A checkpoint that both sides test.

    Args:
        options (Options): Of which the row and the folder are used.

    Returns:
        Path: The file.
    """
    path = options.folder / f'{options.row}.pth'
    torch.manual_seed(0)
    model = MODELS.build(configs(options.row)[OURS].model)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(meta={}, state_dict=model.state_dict()), path)
    return path


def _task(side: str, options: Options, root: Path, **more: Any) -> Task:
    return Task(
        **dict(
            dict(
                side=side,
                row=options.row,
                what='test',
                data=str(root.resolve()),
                out=str(options.folder.resolve() / 'children' / f'{side}.json'),
                batch=options.network_batch(training=False),
                threads=options.threads or 0,
            ),
            **more,
        )
    )


def training_task(side: str, options: Options, processes: int = 1) -> Task:
    """Some iterations of a training.

    Args:
        side (str): ``'ours'`` or ``'mmpose'``.
        options (Options): What is asked for.
        processes (int): How many train together, on as many faces each.

    Returns:
        Task: The task, on data with faces enough.
    """
    batch = options.network_batch(training=True)
    needed = _ITERATIONS * batch * processes
    root = make_wflw_like(options.folder, max(options.faces, needed))
    return _task(
        side, options, root, what='train', iterations=_ITERATIONS, batch=batch, processes=processes
    )


# Key of what a process found, in words, unit, and whether ours must not be
# more.
_KINDS = (
    ('wall', 'wall time', 's', False),
    ('cpu', 'CPU time', 's', False),
    ('main_mib', 'most memory, main process', 'MiB', True),
    ('worker_mib', 'most memory, largest worker', 'MiB', True),
)


def _figures(case: str, found: Found) -> Iterator[Measurement]:
    for key, words, unit, bounded in _KINDS:
        values = {s: [f[key] for f in results] for s, results in found.items()}
        yield Measurement(
            'whole',
            f'{case}, {words}',
            values,
            unit=unit,
            goals=(Goal(OURS, THEIRS, at_most=1.0),) if bounded else (),
        )


def columns(options: Options, tests: Found, root: Path, checkpoint: Path) -> Iterator[Measurement]:
    """The table of WFLW: ours from one run, MMPose's from seven.

    Args:
        options (Options): What is asked for.
        tests (dict): What tests of all faces found, by side.
        root (Path): The root of the data.
        checkpoint (Path): The weights.

    Yields:
        Measurement: Faces through the network, and wall time.
    """
    runs = [tests[THEIRS][-1]]
    for name in SUBSET_FILES.values():
        if (root / 'annotations' / name).is_file():
            runs.append(
                start(
                    _task(
                        THEIRS,
                        options,
                        root,
                        checkpoint=str(checkpoint),
                        ann_file=f'annotations/{name}',
                    )
                )
            )
    case = f'table of WFLW, {options.faces} faces, {len(runs)} runs beside one'
    ours = tests[OURS][-1]
    yield Measurement(
        'whole',
        f'{case}, faces through the network',
        {OURS: [ours['faces']], THEIRS: [sum(r['faces'] for r in runs)]},
        unit='faces',
        goals=(Goal(THEIRS, OURS, at_least=2.2),),
    )
    for key, words, unit, _ in _KINDS[:2]:
        yield Measurement(
            'whole',
            f'{case}, {words}',
            {OURS: [ours[key]], THEIRS: [sum(r[key] for r in runs)]},
            unit=unit,
        )
