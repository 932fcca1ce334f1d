# SPDX-License-Identifier: Apache-2.0
"""The rows of the model zoo, and small data to test them with."""

import sys
from pathlib import Path

from conftest import MMPOSE_CONFIGS, REPO
from mmengine.config import Config

from mmpose_face.datasets import BENCHMARKS

sys.path.insert(0, str(REPO / 'tests/datasets/converters'))

from benchmark_files import make_benchmark  # noqa: E402

__all__ = ['FIRST', 'ROWS', 'THEIRS', 'benchmark', 'make_benchmark']

CONFIGS = REPO / 'configs'
ROWS = sorted((CONFIGS / 'face_2d_keypoint').rglob('*.py'))
# MMPose's file for each row that MMPose has too.
THEIRS: dict[Path, Path] = {
    path: MMPOSE_CONFIGS / path.relative_to(CONFIGS)
    for path in ROWS
    if (MMPOSE_CONFIGS / path.relative_to(CONFIGS)).is_file()
}
# One of these for each kind of head: heatmaps, heatmaps of several stages, and
# coordinates.
FIRST = [
    path
    for path in THEIRS
    if path.stem.startswith(('td-hm_hrnetv2-w18_8xb64-60e_300w', 'td-hm_hourglass52', 'td-reg_'))
]


def benchmark(row: Path) -> str:
    """The benchmark that a row is tested on.

    Args:
        row (Path): A config.

    Returns:
        str: A key of ``BENCHMARKS``, or ``'synthetic'``.
    """
    cls = Config.fromfile(row).test_dataloader.dataset.type
    names = {of.class_name: name for name, of in BENCHMARKS.items()}
    return names.get(cls.__name__, 'synthetic')
