# SPDX-License-Identifier: Apache-2.0
"""The metric of the package's configs."""
import json
import logging
import math
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from ..files import written_whole
from ..landmarks import Scheme, scheme_of
from .functional import face_errors, normalized_errors, point_distance
from .subsets import Results, evaluate_subsets, format_table

_LISTED = 10  # files that a message of the log names


@METRICS.register_module()
class SubsetNME(BaseMetric):
    """NME, failure rate and AUC for every column of a benchmark's table.

    The error of a face is the mean distance of its labelled points to the
    truth, over the distance of the scheme's two normaliser points (the outer
    eye corners) or, where the scheme has none, the size of the face box
    (AFLW); figures are means over faces, in per cent, as papers give them. A
    predicted point that is NaN or infinite makes its face a failure with an
    infinite error. A face whose normaliser points coincide or are not
    labelled is left out and named in the log.

    The metrics are ``NME``, ``FR@t`` and ``AUC@t`` of the first subset, with
    t the threshold in per cent (``FR@10``), and the same of each further
    subset behind its name: ``pose/NME``, ``pose/FR@10``, ``pose/AUC@10``.
    Those of a subset without faces are NaN. The table with n, the number of
    faces, goes to the log.

    Subsets come with the samples: the data set gives ``subsets`` and
    :class:`~mmpose_face.datasets.PackFaceInputs` packs them.

    Args:
        subsets (Sequence[str]): Columns in the order of the table, the main
            one first; where it is the only one, samples that do not say
            their subsets all belong to it. Defaults to ``('test', )``.
        threshold (float): Threshold of failure rate and AUC, a ratio: 0.08
            for 300-W, 0.10 for WFLW. Defaults to 0.10.
        out_dir (str, optional): Folder for ``metrics.json``, the table, and
            ``per_face.json``, a list with file, id, subsets, error, the K
            point errors and, where it is known, which points are occluded
            (``null`` elsewhere) of each face. Errors there are ratios;
            ``null`` is not scored, ``"Infinity"`` failed. Defaults to no
            files.
        collect_device (str): Where processes exchange their results,
            ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.

    Raises:
        ValueError: If ``subsets`` is empty or names a column twice, the
            threshold is not positive, the data's landmark scheme is not in
            :mod:`mmpose_face.landmarks`, or samples do not say their subsets
            or their box size.

    Examples:
        >>> val_evaluator = dict(
        ...     type=SubsetNME, subsets=('test', 'pose', 'blur'))
    """

    # Not None, for which MMEngine warns; the keys have no prefix.
    default_prefix = ''

    def __init__(self,
                 subsets: Sequence[str] = ('test', ),
                 threshold: float = 0.10,
                 out_dir: Optional[str] = None,
                 collect_device: str = 'cpu') -> None:
        super().__init__(collect_device=collect_device)
        if not subsets or len(set(subsets)) != len(subsets):
            raise ValueError('expected one or more subsets, each once, got '
                             f'{list(subsets)}')
        if not threshold > 0:
            raise ValueError(f'threshold must be positive, got {threshold}')
        self.subsets = tuple(subsets)
        self.threshold = threshold
        self.out_dir = out_dir

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep one row of errors for each face.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Outputs of the model, each with
                ``pred_instances`` and ``gt_instances`` of one face, points
                ``(1, K, 2)`` in pixels of the image.
        """
        scheme = scheme_of(self.dataset_meta['keypoint_id2name'].values())
        for sample in data_samples:
            errors = _point_errors(sample, scheme)
            if len(errors) != 1:
                raise ValueError(
                    f'expected samples of one face, got {len(errors)} in that '
                    f'of {sample["img_path"]}')
            self.results.append(
                dict(
                    file=sample['img_path'],
                    id=sample['id'],
                    subsets=self._subsets_of(sample),
                    error=face_errors(errors)[0],
                    point_errors=errors[0],
                    occluded=_occluded(sample)))

    def _subsets_of(self, sample: dict) -> List[str]:
        if 'subsets' not in sample and len(self.subsets) > 1:
            raise ValueError(
                f'the table has the columns {", ".join(self.subsets)}, but '
                'the samples do not say their subsets: use a data set of '
                'mmpose_face and PackFaceInputs in place of PackPoseInputs')
        return list(sample.get('subsets', self.subsets))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """The figures of all columns, in per cent.

        Args:
            results (list[dict]): The rows of :meth:`process`, of all
                processes.

        Returns:
            dict[str, float]: See the class.
        """
        # How processes share the data must not be seen in the order.
        # Of several annotation files, ids may occur in each.
        faces = sorted(results, key=lambda face: (face['id'], face['file']))
        errors = np.array([face['error'] for face in faces])
        table = evaluate_subsets(errors, [face['subsets'] for face in faces],
                                 self.subsets, self.threshold)
        files = np.array([face['file'] for face in faces])
        failed, left_out = files[np.isinf(errors)], files[np.isnan(errors)]
        print_log(
            'NME, failure rate and AUC in per cent, n faces:\n' +
            format_table(table), 'current')
        _report('Faces with predictions that are NaN or infinite', failed)
        _report(
            'Faces left out, for their normaliser points coincide or are '
            'not labelled', left_out)
        _report('Faces in none of the columns, not in the table', [
            face['file']
            for face in faces if not set(self.subsets) & set(face['subsets'])
        ])
        if self.out_dir is not None:
            summary = dict(
                threshold=self.threshold,
                unit='per cent',
                subsets=table,
                failed=failed,
                left_out=left_out)
            _write(Path(self.out_dir, 'metrics.json'), summary)
            _write(Path(self.out_dir, 'per_face.json'), faces)
        return self._flat(table)

    def _flat(self, table: Results) -> Dict[str, float]:
        """The table's figures by the names of the metrics."""
        prefix = {s: f'{s}/' for s in self.subsets}
        prefix[self.subsets[0]] = ''
        return {
            prefix[subset] + key: value
            for subset, figures in table.items()
            for key, value in figures.items() if key != 'n'
        }


def _point_errors(sample: dict, scheme: Scheme) -> np.ndarray:
    """Ratios ``(1, K)`` of the one face of a sample."""
    truth = sample['gt_instances']
    gt = truth['keypoints']
    mask = np.asarray(truth['keypoints_visible'], bool)
    # MMPose has it as (1, K), and as (1, K, 2) with weights behind.
    mask = mask[..., 0] if mask.ndim == 3 else mask
    return normalized_errors(sample['pred_instances']['keypoints'], gt,
                             _normalizer(sample, scheme, gt, mask), mask)


def _normalizer(sample: dict, scheme: Scheme, gt: np.ndarray,
                mask: np.ndarray) -> np.ndarray:
    """Pixels ``(1, )``; NaN where the points that it needs are unlabelled."""
    indices = scheme.normalizer_indices
    if indices is not None:
        norm = point_distance(gt, *indices)
        norm[~mask[:, indices].all(1)] = np.nan
        return norm
    if 'box_size' not in sample['gt_instances']:
        raise ValueError(
            f'{scheme.name} is normalised by the face box, but the sample of '
            f'{sample["img_path"]} does not say its size: use FaceAFLW with a '
            'file that has box_size, and PackFaceInputs')
    return np.asarray(sample['gt_instances']['box_size'], np.float64)


def _occluded(sample: dict) -> Optional[List[bool]]:
    flags = sample['gt_instances'].get('occluded')
    return None if flags is None else np.asarray(flags, bool)[0].tolist()


def _report(what: str, files: Sequence[str]) -> None:
    """Say how many faces something befell, with the first files by name."""
    if len(files):
        names = ', '.join(files[:_LISTED])
        more = ', ...' if len(files) > _LISTED else ''
        print_log(f'{what}: {len(files)} ({names}{more})', 'current',
                  logging.WARNING)


def _write(path: Path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as partial:
        Path(partial).write_text(json.dumps(_strict(content)))


def _strict(value):
    """The value as strict JSON can hold it, which knows no NaN."""
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_strict(item) for item in value]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else 'Infinity'
