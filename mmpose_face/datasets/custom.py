# SPDX-License-Identifier: Apache-2.0
"""A data set of the user's own faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from ..images.boxes import landmark_bounds
from ..landmarks import Scheme, get_scheme
from .custom_files import HIDDEN, UNLABELLED, read_checked, says_hidden
from .face_dataset import FaceDataset
from .metainfo import scheme_metainfo


@DATASETS.register_module()
class CustomFaces(FaceDataset, BaseCocoStyleDataset):
    """Faces of one's own, with points of any scheme, from COCO's JSON.

    Of an annotation ``keypoints`` is read, x, y and visibility of each point
    (0 for one that is not labelled); and where it is there, ``bbox``;
    ``subsets``, a list of names, columns of the table; ``occluded``, a flag
    for each point; and ``box_size``, the normaliser in pixels of a scheme
    that has no two points for it, else the longer side of ``bbox``. In a test
    every face belongs to the subset ``test``. Where points of the file have
    visibility 2, those with 1 are occluded, as COCO has it.

    Args:
        scheme (str | dict | Scheme): What the points are: the name of a
            scheme of :mod:`mmpose_face.landmarks`, or one's own as
            :meth:`~mmpose_face.landmarks.Scheme.from_dict` takes it.
        ann_file (str | Sequence[str]): As :class:`FaceDataset` takes it.
        box (str): What the crop is made from: ``'landmarks'``, the square
            about the labelled points, which boxes of detectors are mapped to
            when the model is used; ``'raw'``, that about ``bbox``; or
            ``'benchmark'``, ``bbox`` as it is. Defaults to ``'landmarks'``.
        **kwargs: As :class:`FaceDataset` takes them.

    Raises:
        FileNotFoundError: If no annotation file is there.
        ValueError: If there is no such scheme, or a file is not of the form;
            the message names the file, the entry and what was expected.

    Examples:
        >>> CustomFaces('ibug68', 'train.json', data_prefix=dict(img='images'))
    """

    SOURCE = 'expected a COCO JSON file, see docs/en/tutorial.md'
    ALL = 'test'

    def __init__(
        self,
        scheme: str | Mapping[str, Any] | Scheme,
        ann_file: str | Sequence[str] = '',
        box: Literal['benchmark', 'raw', 'landmarks'] = 'landmarks',
        **kwargs,
    ) -> None:
        self.scheme = get_scheme(scheme)
        if kwargs.pop('metainfo', None) is not None:
            raise ValueError('the points are those of the scheme: expected no metainfo beside it')
        if kwargs.get('bbox_file') and box == 'landmarks':
            box = 'benchmark'  # it is the detector's that is taken
        super().__init__(
            ann_file=ann_file,
            box=box,
            metainfo=scheme_metainfo(self.scheme.name, self.scheme),
            **kwargs,
        )
        # For the metric and for whoever loads a checkpoint.
        self._metainfo['scheme'] = self.scheme.to_dict()

    def _of_file(self, path: str) -> CustomFaces:
        one = super()._of_file(path)
        one._says_hidden = says_hidden(read_checked(path, self.scheme))
        return one

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        ann = dict(raw_data_info['raw_ann_info'])
        if 'keypoints' not in ann:
            return super().parse_data_info(raw_data_info)
        points = np.array(ann['keypoints'], np.float64).reshape(-1, 3)
        labelled = points[:, 2] != UNLABELLED
        ann['num_keypoints'] = int(labelled.sum())
        ann.setdefault('category_id', 1)
        if 'bbox' not in ann:
            ann['bbox'] = _bounds(points[labelled, :2])
        ann.setdefault('box_size', max(ann['bbox'][2:]))
        raw_data_info = dict(raw_data_info, raw_ann_info=ann)
        if not labelled.any():  # it has no box to choose, and is left out
            return BaseCocoStyleDataset.parse_data_info(self, raw_data_info)
        return super().parse_data_info(raw_data_info)

    def _subsets(self, ann: dict, file_name: str) -> Sequence[str] | None:
        said = super()._subsets(ann, file_name)
        if not self.test_mode:
            return said
        return tuple(dict.fromkeys((self.ALL, *said)))

    def occluded_of(self, ann: dict) -> np.ndarray | None:
        if 'occluded' in ann or not self._says_hidden:
            return super().occluded_of(ann)
        return np.array(ann['keypoints'][2::3]) == HIDDEN

    def face_rect_of(self, ann: dict) -> Sequence[float]:
        return ann['bbox']


def _bounds(points: np.ndarray) -> list[float]:
    """Left, top, width and height of the box of points, of none 0."""
    if not len(points):
        return [0.0, 0.0, 0.0, 0.0]
    left, top, right, bottom = landmark_bounds(points).tolist()
    return [left, top, right - left, bottom - top]
