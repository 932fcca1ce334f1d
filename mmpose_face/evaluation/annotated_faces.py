# SPDX-License-Identifier: Apache-2.0
"""Subsets, occlusion and box sizes from annotation files, for samples without
them, such as those of MMPose's data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets
from ..arrays import Array

_SAME = 0.01  # pixels between the points of a sample and those of its face


class AnnotatedFaces:
    """The faces of a benchmark's annotation file, looked up by image and
    points.

    Two faces are the same if the path of the image ends in the file name of
    the annotation and no coordinate differs by more than 0.01 pixel. Their
    ids may differ.

    Args:
        ann_file (str | Sequence[str]): Annotation file or files, as
            :class:`~mmpose_face.datasets.FaceDataset` takes them. If they
            have no subsets, these come from MMPose's subset files in the same
            folder.
        dataset (str): ``dataset_name`` of the data set.

    Raises:
        FileNotFoundError: If an annotation file does not exist.
        ValueError: If the data set is not in
            :data:`~mmpose_face.datasets.BENCHMARKS`, or a file is not one of
            its annotation files.
    """

    def __init__(self, ann_file: str | Sequence[str], dataset: str) -> None:
        known = datasets.BENCHMARKS
        if dataset not in known:
            raise ValueError(
                f'ann_file={ann_file!r} is understood for the data sets '
                f'{", ".join(known)}, got {dataset}: use CustomFaces and '
                'PackFaceInputs, whose samples say their subsets'
            )
        self.ann_file = ann_file
        self._faces: dict[str, list[dict[str, Any]]] = {}  # by the image's last name
        opened = known[dataset].dataset(ann_file=ann_file, test_mode=True)
        for info in map(opened.get_data_info, range(len(opened))):
            name = Path(info['img_path']).name
            self._faces.setdefault(name, []).append(_face_of(info))

    def of_sample(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The annotations of the face of a sample.

        Args:
            sample (dict): A sample of one face.

        Returns:
            dict: ``subsets`` (tuple of names) and, if the files have them,
            ``occluded`` ``(K, )`` and ``box_size`` in pixels.

        Raises:
            ValueError: If the face is not in the files.
        """
        path = Path(sample['img_path'])
        points = np.asarray(sample['gt_instances']['keypoints'])[0]
        for face in self._faces.get(path.name, ()):
            if _ends_in(path, face['file']) and _same(points, face['points']):
                facts: dict[str, Any] = face['facts']
                return facts
        raise ValueError(
            f'ann_file={self.ann_file!r} has no face in {path} with the '
            "points of the sample: expected the data set's annotation file"
        )


def _face_of(info: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = dict(subsets=tuple(info.get('subsets') or ()))
    if 'occluded' in info:
        facts['occluded'] = info['occluded'][0]
    if 'box_size' in info:
        facts['box_size'] = info['box_size']
    return dict(file=Path(info['img_path']), points=info['keypoints'][0], facts=facts)


def _ends_in(path: Path, end: Path) -> bool:
    return path.parts[-len(end.parts) :] == end.parts


def _same(points: Array, others: Array) -> bool:
    return points.shape == others.shape and bool((np.abs(points - others) <= _SAME).all())
