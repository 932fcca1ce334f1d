# SPDX-License-Identifier: Apache-2.0
"""The benchmarks by the names that ``tools/prepare_data.py`` takes."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from .face_dataset import FaceDataset, Part


class Benchmarks(Mapping):
    """Data set classes by name. A class is imported when it is asked for, so
    that the names alone, which are options of commands, need no MMPose.

    Args:
        classes (dict[str, str]): From the name of a benchmark to the name of
            its class in :mod:`mmpose_face.datasets`.
    """

    def __init__(self, classes: dict[str, str]) -> None:
        self._classes = classes

    def __getitem__(self, name: str) -> type['FaceDataset']:
        return getattr(import_module(__package__), self._classes[name])

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


BENCHMARKS = Benchmarks(
    {
        '300w': 'Face300W',
        'wflw': 'FaceWFLW',
        'cofw': 'FaceCOFW',
        'cofw68': 'FaceCOFW68',
        'aflw': 'FaceAFLW',
        'coco_wholebody_face': 'FaceCocoWholeBody',
    }
)


def open_benchmark(
    name: str, root: Union[str, 'os.PathLike[str]'], part: 'Part', **kwargs
) -> 'FaceDataset':
    """The faces of a converted benchmark.

    Args:
        name (str): A key of :data:`BENCHMARKS`.
        root (str | PathLike): The folder with ``annotations/``.
        part (str): ``'train'`` or ``'test'``; the test is all that has a
            column in the table.
        **kwargs: ``box``, ``pipeline`` and so on; see :class:`FaceDataset`.

    Returns:
        FaceDataset: The data set.

    Raises:
        FileNotFoundError: If the annotation files are not there.
        ValueError: If there is no such benchmark, or it has no such part.

    Examples:
        >>> faces = open_benchmark('wflw', 'data/wflw', 'test')
        >>> faces.get_data_info(0)['subsets']
        ('test', 'pose', 'blur')
    """
    if name not in BENCHMARKS:
        raise ValueError(f'unknown benchmark {name!r}; known: {", ".join(BENCHMARKS)}')
    cls = BENCHMARKS[name]
    if part not in cls.FILES:
        raise ValueError(f'{name} has no part {part!r}, only {", ".join(cls.FILES)}')
    return cls(
        data_root=os.fspath(root),
        ann_file=cls.FILES[part],
        data_prefix=dict(img=cls.IMAGES[part]),
        test_mode=part == 'test',
        **kwargs,
    )
