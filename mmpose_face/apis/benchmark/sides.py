# SPDX-License-Identifier: Apache-2.0
"""The same row of the zoo twice: from our config and from MMPose's."""

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any

import mmpose
from mmengine.config import Config

from ...zoo.metafiles import project_root
from .results import OURS, THEIRS, Measurement

_FACES = 'configs/face_2d_keypoint'


def row_paths() -> dict[str, Path]:
    """Our configs.

    Returns:
        dict[str, Path]: From the name of a row to its file, in the order of
        the folders.
    """
    paths = sorted((project_root() / _FACES).rglob('*.py'))
    return {path.stem: path for path in paths}


def short_name(row: str) -> str:
    """The name of a row without its method, schedule and size.

    Args:
        row (str): Name of a row.

    Returns:
        str: Network, variant and benchmark.
    """
    name = re.sub(r'^td-(hm|reg)_|-\d+x\d+$', '', row)
    return re.sub(r'[-_]\d+xb\d+-\d+e', '', name)


def config_paths(row: str) -> dict[str, Path]:
    """The configs of a row.

    Args:
        row (str): Name of the row.

    Returns:
        dict[str, Path]: Our file, as ``'ours'``, and MMPose's of the same
        name, as ``'mmpose'``, where it has one.

    Raises:
        ValueError: If there is no such row.
    """
    rows = row_paths()
    if row not in rows:
        raise ValueError(f'expected a row of the model zoo, got {row}; they are {", ".join(rows)}')
    below = rows[row].relative_to(project_root())
    theirs = Path(mmpose.__file__).parent / '.mim' / below
    paths = {THEIRS: theirs, OURS: rows[row]}
    return {side: path for side, path in paths.items() if path.is_file()}


def configs(row: str) -> dict[str, Config]:
    """The configs of a row, without weights to start from.

    Args:
        row (str): Name of the row.

    Returns:
        dict[str, Config]: MMPose's first, where it has one, then ours:
        MMEngine's current message hub is that of the last runner.
    """
    return copy.deepcopy(_configs(row))


@cache
def _configs(row: str) -> dict[str, Config]:
    # Formatting what the runner logs takes longer than many a part.
    made = {
        side: Config.fromfile(path, format_python_code=False)
        for side, path in config_paths(row).items()
    }
    for cfg in made.values():
        cfg.model.backbone.pop('init_cfg', None)
    return made


def batch_measurement(
    part: str, row: str, batch: int, values: dict[str, list[float]], **kwargs: Any
) -> Measurement:
    """A measurement of one batch of a row.

    Args:
        part (str): What was measured.
        row (str): Name of the row.
        batch (int): B.
        values (dict[str, list[float]]): Seconds of each round of each way.
        **kwargs: More of :class:`Measurement`.
    """
    return Measurement(
        part,
        f'{short_name(row)}, B={batch}',
        values,
        faces=batch,
        settings=dict(row=row, batch=batch),
        **kwargs,
    )
