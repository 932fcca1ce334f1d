# SPDX-License-Identifier: Apache-2.0
"""The benchmarks: class, points, columns, threshold and unit of each table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from ..landmarks import AFLW19, COFW29, IBUG68, WFLW98, Scheme


@dataclass(frozen=True)
class Benchmark:
    """A data set with a table.

    The class of the data set has it as ``BENCHMARK``. This module does not
    import MMPose, which takes seconds.

    Args:
        name (str): Its name in ``tools/prepare_data.py`` and in MMPose's
            metainfo (``dataset_name``).
        class_name (str): Name of its class in :mod:`mmpose_face.datasets`.
        scheme (Scheme): Its landmark scheme, which has the normaliser.
        columns (tuple[str]): Subsets in the order of the table, the main one
            first. Defaults to ``('test', )``.
        threshold (float): Threshold of failure rate and AUC, a ratio.
            Defaults to 0.10.
        unit (str): Unit of all figures, ``'percent'`` (default) or
            ``'ratio'``.
    """

    name: str
    class_name: str
    scheme: Scheme
    columns: tuple[str, ...] = ('test',)
    threshold: float = 0.10
    unit: Literal['percent', 'ratio'] = 'percent'

    @property
    def dataset(self) -> type[Any]:
        """Its class, a :class:`FaceDataset`, imported on use."""
        return getattr(import_module(__package__), self.class_name)


#: The benchmarks by name.
BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark('300w', 'Face300W', IBUG68, ('full', 'common', 'challenge', 'test'), 0.08),
        Benchmark(
            'wflw',
            'FaceWFLW',
            WFLW98,
            ('test', 'pose', 'illumination', 'occlusion', 'blur', 'makeup', 'expression'),
        ),
        Benchmark('cofw', 'FaceCOFW', COFW29),
        Benchmark('cofw68', 'FaceCOFW68', IBUG68),
        Benchmark('aflw', 'FaceAFLW', AFLW19, ('full', 'frontal'), 0.07),
        # MMPose's table has ratios.
        Benchmark('coco_wholebody_face', 'FaceCocoWholeBody', IBUG68, ('val',), unit='ratio'),
    )
}


def get_benchmark(name: str) -> Benchmark:
    """The benchmark of a name.

    Args:
        name (str): A key of :data:`BENCHMARKS`.

    Raises:
        ValueError: If there is no such benchmark.
    """
    if name not in BENCHMARKS:
        raise ValueError(f'unknown benchmark {name!r}; known: {", ".join(BENCHMARKS)}')
    return BENCHMARKS[name]
