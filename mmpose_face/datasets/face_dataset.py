# SPDX-License-Identifier: Apache-2.0
"""The base class of all face data sets."""

from __future__ import annotations

import copy
import io
import logging
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Literal

import numpy as np
from mmengine import fileio
from mmengine.logging import print_log
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.structures.bbox import bbox_cs2xyxy

from ..images.boxes import landmark_bounds, square
from .annotations import READER_ERRORS, AnnotationError
from .benchmarks import Benchmark, get_benchmark
from .detected_boxes import DetectedBoxes
from .metainfo import own_copy
from .subset_files import SubsetFiles

# Reasons for which BaseCocoStyleDataset drops a face, without logging it.
_INVALID = (
    ('marked as a crowd', lambda i: i.get('iscrowd')),
    ('without labelled points', lambda i: i['num_keypoints'] == 0),
    ('without a box of positive size', lambda i: (i['bbox'][0, 2:] <= i['bbox'][0, :2]).any()),
    ('whose points all lie at or before 0', lambda i: i['keypoints'].max() <= 0),
)

# Metainfo that BaseCocoStyleDataset copies into each sample.
_META_KEYS = (
    'dataset_name',
    'upper_body_ids',
    'lower_body_ids',
    'flip_pairs',
    'dataset_keypoint_weights',
    'flip_indices',
    'skeleton_links',
)

Part = Literal['train', 'test']


class FaceDataset(BaseCocoStyleDataset):
    """Base of the face data sets; put before a data set class of MMPose.

    It reads the same files as MMPose's class and gives the same samples, with
    more fields if they are known:

    - ``subsets``: names of the benchmark's subsets that the face belongs to;
    - ``occluded`` (1, K) bool: hidden points;
    - ``box_size``: the normaliser in pixels, if that is the size of a box.

    :class:`~mmpose_face.datasets.PackFaceInputs` hands them to
    :class:`~mmpose_face.evaluation.SubsetNME`. Faces that MMPose's class
    leaves out are counted, with the reason, in the log.

    Args:
        ann_file (str | Sequence[str]): Annotation file, or several that make
            one data set, such as the two test sets of 300-W. Of several, a
            missing one is logged and left out.
        box (str): The box to crop by, before the pipeline's padding:
            ``'benchmark'``, the box of the published figures; ``'raw'``, the
            rectangle of the release; ``'landmarks'``, the box of the labelled
            points. The last two are made square about their middle. Defaults
            to ``'benchmark'``.
        box_margin (float): Margin on each side of a box that is not the
            benchmark's, as a share of its longer side. Defaults to 0.
        bbox_file (str, optional): Boxes of a detector, in place of ``box``,
            matched to the boxes of the true landmarks; see
            :class:`~.detected_boxes.DetectedBoxes`. Faces that were not
            detected are left out and counted.
        min_iou (float): Least IoU of a detected box and the box of the
            landmarks, a ratio. Defaults to 0.3.
        **kwargs: As MMPose's class takes them.

    Raises:
        FileNotFoundError: If no annotation file is there, or no
            ``bbox_file``.
        ValueError: If a file is not of the expected form, or the chosen box
            is not in it.

    Examples:
        >>> class Face300W(FaceDataset, Face300WDataset):
        ...     ...
    """

    ann_file: str | Sequence[str]
    # The table of the data; None if it is not a benchmark.
    BENCHMARK: Benchmark | None = None
    # How to get the annotation files, for an error; {out} is the data folder.
    SOURCE = (
        'make it from the release with\n    python tools/prepare_data.py '
        '{name} --raw RELEASE --out {out}'
    )
    # Annotation files and image folder of each part, below the data's root.
    FILES: dict[Part, tuple[str, ...]]
    IMAGES: dict[Part, str] = dict(train='images/', test='images/')
    # Main column of the table: the subset of all test faces whose file has no
    # subsets.
    ALL: str | None = None
    # Files with the faces of one subset each, by subset.
    SUBSET_FILES: dict[str, str] = {}

    def __init__(
        self,
        ann_file: str | Sequence[str] = '',
        box: Literal['benchmark', 'raw', 'landmarks'] = 'benchmark',
        box_margin: float = 0.0,
        bbox_file: str | None = None,
        min_iou: float = 0.3,
        **kwargs,
    ) -> None:
        _check_options(box, box_margin, bbox_file, kwargs)
        self.box = box
        self.box_margin = box_margin
        self.detections = bbox_file and DetectedBoxes(bbox_file, min_iou)
        if self.detections and self.detections.by_id and not isinstance(ann_file, str):
            raise ValueError(
                f'{bbox_file}: expected file_name with every box, since an '
                f'image_id may be that of several images in {ann_file}'
            )
        super().__init__(ann_file=ann_file, **kwargs)

    def _join_prefix(self) -> None:
        several = self.ann_file
        if isinstance(several, str):
            return super()._join_prefix()
        root = self.data_root or ''
        self.ann_file = ''
        super()._join_prefix()
        self.ann_file = [os.path.join(root, name) for name in several]

    def get_data_info(self, idx: int) -> dict:
        """The sample before the pipeline.

        Args:
            idx (int): Its index.

        Returns:
            dict: The same as MMPose's, which deep-copies each entry of the
            metainfo; that takes longer than reading the sample.
        """
        theirs = super().get_data_info
        if theirs.__func__ is not BaseCocoStyleDataset.get_data_info:
            return theirs(idx)
        info = super(BaseCocoStyleDataset, self).get_data_info(idx)
        info.update((key, own_copy(self._metainfo[key])) for key in _META_KEYS)
        return info

    def load_data_list(self) -> list[dict]:
        given = self.ann_file
        files = self._existing([given] if isinstance(given, str) else given)
        data_list = [info for path in files for info in self._of_file(path)._read_file()]
        if not data_list:
            raise ValueError(f'{", ".join(files)}: no face is left; the log says why')
        return data_list

    def _existing(self, files: Sequence[str]) -> list[str]:
        missing = [name for name in files if not fileio.exists(name)]
        if len(missing) == len(files):
            name = self._metainfo['dataset_name']
            source = self.SOURCE.format(name=name, out=self.data_root or 'data')
            raise FileNotFoundError(
                f'annotation file {" or ".join(missing)} not found under '
                f'data_root={self.data_root!r}; {source}'
            )
        for name in missing:
            print_log(
                f'annotation file {name} not found: its faces are not among those of this data set',
                'current',
                logging.WARNING,
            )
        return [name for name in files if name not in missing]

    def _of_file(self, path: str) -> FaceDataset:
        """The data set of one annotation file, which MMPose's loader reads."""
        one = copy.copy(self)
        one.ann_file = path
        one._dropped = Counter()
        one._subset_files = SubsetFiles(path, self.SUBSET_FILES)
        return one

    def _read_file(self) -> list[dict]:
        """The faces of the one annotation file."""
        path = str(self.ann_file)
        try:
            data_list = super().load_data_list()
        except AnnotationError:
            raise
        except READER_ERRORS as error:
            name = self._metainfo['dataset_name']
            raise ValueError(
                f'{path} is not an annotation file of {name} data: {error!r}'
            ) from error
        self._subset_files.report()
        if self.detections:
            data_list = self.detections.put_into(data_list, path)
            for info in data_list:
                del info['file_name']
                self._set_box(info, info.pop('detected_box'))
        self._report_dropped(path, len(data_list))
        return data_list

    def _report_dropped(self, path: str, kept: int) -> None:
        if self._dropped:
            reasons = ', '.join(f'{number} {reason}' for reason, number in self._dropped.items())
            print_log(
                f'{path}: {sum(self._dropped.values())} faces left out ({reasons}), {kept} kept',
                'current',
            )

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        ann = raw_data_info['raw_ann_info']
        info = super().parse_data_info(raw_data_info)
        if info is None:
            self._dropped['without a labelled face'] += 1
            return None
        self._check_points(ann, info)
        file_name = raw_data_info['raw_img_info']['file_name']
        subsets = self._subsets(ann, file_name)
        if subsets is not None:
            info['subsets'] = tuple(subsets)
        occluded = self.occluded_of(ann)
        if occluded is not None:
            if occluded.shape != info['keypoints'].shape[1:2]:
                raise AnnotationError(
                    f'{self.ann_file}: annotation {ann["id"]}: expected a '
                    'flag for each point in occluded'
                )
            info['occluded'] = occluded[None]
        if 'box_size' in ann:
            info['box_size'] = ann['box_size']
        if self.detections:
            info['file_name'] = file_name
        elif self.box != 'benchmark':
            self._set_box(info, self._chosen_box(ann, info))
        return info

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        # COCO's reader prints its progress.
        with redirect_stdout(io.StringIO()):
            loaded = super()._load_annotations()
        for part in ('images', 'annotations'):
            ids = Counter(entry['id'] for entry in self.coco.dataset[part])
            twice = [str(i) for i, number in ids.items() if number > 1]
            if twice:
                print_log(
                    f'{self.ann_file}: {len(twice)} ids of {part} occur more '
                    f"than once ({', '.join(twice[:5])}); COCO's reader, and "
                    'so MMPose, takes the last entry for all of them',
                    'current',
                    logging.WARNING,
                )
        return loaded

    def _check_points(self, ann: dict, info: dict) -> None:
        points, expected = info['keypoints'], self._metainfo['num_keypoints']
        place = f'{self.ann_file}: annotation {ann["id"]}'
        if points.shape[1] != expected:
            raise AnnotationError(f'{place} has {points.shape[1]} points, expected {expected}')
        if not (np.isfinite(points).all() and np.isfinite(info['bbox']).all()):
            raise AnnotationError(f'{place}: expected finite points and box')

    def _subsets(self, ann: dict, file_name: str) -> Sequence[str] | None:
        if 'subsets' in ann:
            return self._checked_subsets(ann)
        if self.ALL is None:
            return self.subsets_of_file(file_name)
        if not self.test_mode:
            return None
        return (self.ALL, *self._subset_files.of_face(file_name, ann))

    def _checked_subsets(self, ann: dict) -> Sequence[str]:
        names = ann['subsets']
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise AnnotationError(
                f'{self.ann_file}: annotation {ann["id"]}: expected a list '
                f'of names for subsets, got {names!r}'
            )
        return names

    def _chosen_box(self, ann: dict, info: dict) -> np.ndarray:
        if self.box == 'landmarks':
            labelled = info['keypoints_visible'][0] > 0
            return landmark_bounds(info['keypoints'][0, labelled])
        rect = self.face_rect_of(ann)
        if rect is None:
            raise AnnotationError(
                f"box='raw': annotation {ann['id']} of {self.ann_file} has no "
                'rectangle of the release (face_rect)'
            )
        x, y, w, h = rect
        return np.array([x, y, x + w, y + h])

    def _set_box(self, info: dict, box: np.ndarray) -> None:
        center, side = square(box, self.box_margin)
        info['bbox_center'] = center[None].astype(np.float32)
        info['bbox_scale'] = np.full((1, 2), side, np.float32)
        info['bbox'] = bbox_cs2xyxy(info['bbox_center'], info['bbox_scale'])

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        kept = super()._get_topdown_data_infos(instance_list)
        if len(kept) < len(instance_list):
            for info in instance_list:
                if not self._is_valid_instance(info):
                    self._dropped[_why_invalid(info)] += 1
        return kept

    def filter_data(self) -> list[dict]:
        kept = super().filter_data()
        if len(kept) < len(self.data_list):
            print_log(
                f'{len(self.data_list) - len(kept)} of {len(self.data_list)} '
                f'faces left out by filter_cfg={self.filter_cfg}',
                'current',
            )
        return kept

    def subsets_of_file(self, file_name: str) -> tuple[str, ...] | None:
        """Subsets of a face whose annotation file, like MMPose's, has none.

        Args:
            file_name (str): Image, relative to the image folder.

        Returns:
            tuple[str] | None: None if the name does not tell them.
        """
        return None

    def occluded_of(self, ann: dict) -> np.ndarray | None:
        """Which points are hidden.

        Args:
            ann (dict): The annotation of the face in the file.

        Returns:
            np.ndarray | None: ``(K,)`` bool; None if it is not known.
        """
        return np.array(ann['occluded'], bool) if 'occluded' in ann else None

    def face_rect_of(self, ann: dict) -> Sequence[float] | None:
        """The release's rectangle of a face.

        Args:
            ann (dict): The annotation of the face in the file.

        Returns:
            Sequence[float] | None: Left, top, width and height in pixels;
            None if the release has none.
        """
        return ann.get('face_rect')


def open_benchmark(name: str, root: str | os.PathLike[str], part: Part, **kwargs) -> FaceDataset:
    """The faces of a converted benchmark.

    Args:
        name (str): A key of :data:`BENCHMARKS`.
        root (str | PathLike): The folder with ``annotations/``.
        part (str): ``'train'`` or ``'test'``, the faces of all columns of the
            table.
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
    cls = get_benchmark(name).dataset
    if part not in cls.FILES:
        raise ValueError(f'{name} has no part {part!r}, only {", ".join(cls.FILES)}')
    return cls(
        data_root=os.fspath(root),
        ann_file=cls.FILES[part],
        data_prefix=dict(img=cls.IMAGES[part]),
        test_mode=part == 'test',
        **kwargs,
    )


def _check_options(box: str, box_margin: float, bbox_file: str | None, kwargs: dict) -> None:
    if box not in ('benchmark', 'raw', 'landmarks'):
        raise ValueError(f"box must be 'benchmark', 'raw' or 'landmarks', got {box!r}")
    if bbox_file and box != 'benchmark':
        raise ValueError(f'box={box!r} and bbox_file={bbox_file!r}: expected one of the two')
    if box_margin and box == 'benchmark' and not bbox_file:
        raise ValueError(
            f"the benchmark's box has no margin to choose, got box_margin={box_margin}"
        )
    if box_margin <= -0.5:
        raise ValueError(
            f'box_margin must be above -0.5, which leaves nothing of the box, got {box_margin}'
        )
    if kwargs.get('data_mode', 'topdown') != 'topdown':
        raise ValueError(
            f"expected data_mode='topdown', one face a sample, got {kwargs['data_mode']!r}"
        )


def _why_invalid(info: dict) -> str:
    for reason, applies in _INVALID:
        if applies(info):
            return reason
    return 'that MMPose takes for invalid'
