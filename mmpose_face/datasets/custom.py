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
class CustomFaces(FaceDataset):
    """The user's own faces, with points of any scheme, from COCO's JSON.

    An annotation has ``keypoints``: x, y and visibility (0 if not labelled) of
    each point. It can have ``bbox``; ``subsets``, a list of names, which are
    columns of the table; ``occluded``, a flag for each point; and
    ``box_size``, the normaliser in pixels for a scheme without normaliser
    points, by default the longer side of ``bbox``. In a test every face
    belongs to the subset ``test``. If any point of a file has visibility 2,
    points with 1 are occluded, as in COCO.

    Args:
        scheme (str | dict | Scheme): The scheme of the points: the name of a
            scheme of :mod:`mmpose_face.landmarks`, or a new one in the form
            of :meth:`~mmpose_face.landmarks.Scheme.from_dict`.
        ann_file (str | Sequence[str]): As in :class:`FaceDataset`.
        box (str): The box to crop by: ``'landmarks'``, the square around the
            labelled points, to which detectors' boxes are mapped when the
            model is used; ``'raw'``, the square around ``bbox``; or
            ``'benchmark'``, ``bbox`` itself. Defaults to ``'landmarks'``.
        **kwargs: As in :class:`FaceDataset`.

    Raises:
        FileNotFoundError: If there is no annotation file.
        ValueError: If there is no such scheme, or a file has another form;
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
            box = 'benchmark'  # replaced by the detector's box
        super().__init__(
            ann_file=ann_file,
            box=box,
            metainfo=scheme_metainfo(self.scheme.name, self.scheme),
            **kwargs,
        )
        # For the metric, and in checkpoints for those who load them.
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
            ann['bbox'] = _box_around(points[labelled, :2])
        ann.setdefault('box_size', max(ann['bbox'][2:]))
        raw_data_info = dict(raw_data_info, raw_ann_info=ann)
        if not labelled.any():  # without a box, so it is left out
            return BaseCocoStyleDataset.parse_data_info(self, raw_data_info)
        return super().parse_data_info(raw_data_info)

    def _subsets(self, ann: dict, file_name: str) -> Sequence[str] | None:
        subsets = super()._subsets(ann, file_name)
        return tuple(dict.fromkeys((self.ALL, *(subsets or ())))) if self.test_mode else subsets

    def occluded_of(self, ann: dict) -> np.ndarray | None:
        if 'occluded' in ann or not self._says_hidden:
            return super().occluded_of(ann)
        return np.array(ann['keypoints'][2::3]) == HIDDEN

    def face_rect_of(self, ann: dict) -> Sequence[float]:
        return ann['bbox']


def _box_around(points: np.ndarray) -> list[float]:
    """Left, top, width and height of the box around points; 0 without points."""
    if not len(points):
        return [0.0, 0.0, 0.0, 0.0]
    left, top, right, bottom = landmark_bounds(points).tolist()
    return [left, top, right - left, bottom - top]
