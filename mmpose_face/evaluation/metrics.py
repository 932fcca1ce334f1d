# SPDX-License-Identifier: Apache-2.0
"""SubsetNME, the metric of the package's configs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from .. import datasets
from ..arrays import BoolArray
from ..landmarks import AFLW19, Scheme
from ..text import shortened
from .annotated_faces import AnnotatedFaces
from .normalization import Normalization, check_choice
from .predictions import save_predictions
from .scores import (
    Faces,
    Protocol,
    Scores,
    column,
    default_normalizer,
    described_normalizer,
    save_scores,
    score,
    write_json,
)
from .table import SCALE, Table, Unit, format_table, make_table, summary

_LISTED = 10  # most files that a message in the log names


@METRICS.register_module()
class SubsetNME(BaseMetric):  # type: ignore[misc]  # MMEngine is not typed
    """NME, failure rate and AUC for every column of a benchmark's table.

    The error of a face is the mean distance of its labelled points to the
    truth, divided by the normaliser. A face with a labelled point whose
    prediction is NaN or infinite is a failure with an infinite error; it is
    named in the log and never dropped.

    There are two protocols, which agree where every point is labelled:

    - ``'mmpose'``, that of MMPose's published figures: NME is the mean over
      all labelled points; the normaliser is taken even where its points are
      not labelled; a face whose normaliser is zero is left out.
    - ``'paper'``: NME is the mean over faces; a face whose normaliser is zero
      or needs points that are not labelled is left out.

    Under both, faces that are left out are counted and named in the log.

    The metrics of the first subset are ``NME``, ``FR@t`` and ``AUC@t``, with
    the threshold t in per cent (``FR@10``), and, if the data says which
    points are occluded, ``NME_visible`` and ``NME_occluded``. Those of each
    further subset have its name in front: ``pose/NME``, ``pose/FR@10``. Those
    of a subset without faces are NaN. The table with n, the number of faces,
    and the 95 % interval of NME is written to the log.

    Subsets come with the samples: the data set provides ``subsets`` and
    :class:`~mmpose_face.datasets.PackFaceInputs` packs them. With MMPose's
    own data sets and ``PackPoseInputs``, the subsets of 300-W come from the
    paths of the images, and those of other data sets from ``ann_file``.

    ``norm_mode``, ``norm_item`` and ``keypoint_indices`` are arguments of
    MMPose's ``NME``. So in a config of MMPose only the type of the evaluator
    has to be replaced by ``SubsetNME``; its NME is the same, in per cent.

    After an evaluation the main process has the errors of all faces in
    ``scores`` and the figures in ``table``.

    Args:
        subsets (Sequence[str], optional): Columns in the order of the table,
            the main one first. If there is only one, all samples without
            subsets belong to it; but those of 300-W whose path names a
            subset, such as ``'common'``, belong to that subset. Defaults to
            those of ``benchmark``, or else ``('test', )``.
        threshold (float, optional): Threshold of failure rate and AUC, a
            ratio. Defaults to that of ``benchmark``, or else 0.10.
        protocol (str): ``'mmpose'`` (default) or ``'paper'``.
        normalizer (str, optional): One of
            :data:`~mmpose_face.evaluation.scores.NORMALIZERS`. Defaults to
            the benchmark's: the distance of the outer eye corners; for AFLW
            the size of the face box; for LaPa the distance of the two points
            that MMPose takes.
        unit (str, optional): ``'percent'`` or ``'ratio'``, for all figures.
            Defaults to that of ``benchmark``, or else ``'percent'``.
        bootstrap (int): Samples of faces for the 95 % intervals, 0 for no
            intervals. Defaults to 0.
        out_dir (str, optional): Folder for ``metrics.json``, the figures with
            their intervals; ``per_face.json``, the errors of each face
            (:func:`~mmpose_face.evaluation.save_scores`); and
            ``predictions.json``, the points, which ``tools/evaluate.py``
            reads. Defaults to no files; ``tools/test.py`` sets it to the
            folder of the run's log.
        collect_device (str): Device for the exchange of results between
            processes, ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Name before all metrics, ``prefix/NME``, for
            the second of two metrics in one evaluation. Defaults to none.
        norm_mode (str, optional): Instead of ``normalizer``, as in MMPose's
            ``NME``: ``'keypoint_distance'``, the distance of the two points
            in ``keypoint_indices`` or else of the benchmark's two points; or
            ``'use_norm_item'``, the value that ``norm_item`` names.
        norm_item (str, optional): ``'bbox_size'``, the longer side of the
            data set's box, which is not AFLW's own ``box_size``; or a field
            of the samples' ``gt_instances`` with one number for each face.
        keypoint_indices (Sequence[int], optional): The indices of two points,
            from 0. With them the data may have any points, also those of a
            scheme that is not in :mod:`mmpose_face.landmarks`.
        ann_file (str | Sequence[str], optional): The annotation file of the
            test data, or several. Subsets, occluded points and box sizes that
            samples lack are read from it, and from MMPose's subset files in
            the same folder. Defaults to none.
        benchmark (str, optional): A key of
            :data:`~mmpose_face.datasets.BENCHMARKS`, such as ``'wflw'``,
            whose columns, threshold and unit are taken where they are not
            given. Defaults to none.

    Raises:
        FileNotFoundError: If ``ann_file`` does not exist.
        ValueError: If ``subsets`` is empty or names a column twice, the
            threshold is no ratio, another argument is not one of those above,
            two of them contradict each other, the normaliser of the data's
            points is unknown, samples lack their subsets or their box size,
            or ``ann_file`` is not their annotation file.

    Examples:
        >>> val_evaluator = dict(
        ...     type=SubsetNME, subsets=('test', 'pose', 'blur'))
        >>> val_evaluator = dict(
        ...     type=SubsetNME, norm_mode='keypoint_distance')
    """

    # MMEngine would warn of None; with '' the keys have no prefix.
    default_prefix = ''

    def __init__(
        self,
        subsets: Sequence[str] | None = None,
        threshold: float | None = None,
        protocol: Protocol = 'mmpose',
        normalizer: str | None = None,
        unit: Unit | None = None,
        bootstrap: int = 0,
        out_dir: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        norm_mode: str | None = None,
        norm_item: str | None = None,
        keypoint_indices: Sequence[int] | None = None,
        ann_file: None | str | Sequence[str] = None,
        benchmark: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        # The class has the defaults of all records.
        record = datasets.Benchmark if benchmark is None else datasets.get_benchmark(benchmark)
        subsets = record.columns if subsets is None else subsets
        threshold = record.threshold if threshold is None else threshold
        unit = record.unit if unit is None else unit
        if not subsets or len(set(subsets)) != len(subsets):
            raise ValueError(f'expected one or more subsets, each once, got {list(subsets)}')
        if not 0 < threshold <= 1:
            raise ValueError(f'threshold must be a ratio above 0 and at most 1, got {threshold}')
        if bootstrap < 0:
            raise ValueError(f'bootstrap must be a number of samples, got {bootstrap}')
        check_choice('protocol', protocol, ('mmpose', 'paper'))
        check_choice('unit', unit, tuple(SCALE))
        self.normalization = Normalization(normalizer, norm_mode, norm_item, keypoint_indices)
        self.subsets = tuple(subsets)
        self.threshold = threshold
        self.protocol = protocol
        self.normalizer = self.normalization.name
        self.unit = unit
        self.bootstrap = bootstrap
        self.out_dir = out_dir
        self.ann_file = ann_file
        self._annotated: AnnotatedFaces | None = None
        self.scores: Scores | None = None
        self.table: Table | None = None

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep one row for each face.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Outputs of the model, each with
                ``pred_instances`` and ``gt_instances`` of one face, points
                ``(1, K, 2)`` in pixels of the image.
        """
        # Errors in the data are raised before the test, not after it.
        scheme = self.normalization.scheme_of(self.dataset_meta)
        for sample in data_samples:
            truth = sample['gt_instances']
            if len(truth['keypoints']) != 1:
                raise ValueError(
                    'expected samples of one face, got '
                    f'{len(truth["keypoints"])} in that of '
                    f'{sample["img_path"]}'
                )
            row = dict(
                file=sample['img_path'],
                id=sample['id'],
                box=np.asarray(truth['bboxes'])[0],
                truth=np.asarray(truth['keypoints'])[0],
                visible=_visible(truth),
                predicted=np.asarray(sample['pred_instances']['keypoints'])[0],
                **self._facts_of(sample),
            )
            self._check_box_size(row, scheme)
            self.results.append(row)

    def _facts_of(self, sample: dict[str, Any]) -> dict[str, Any]:
        """``subsets`` of a face and, if they are known, ``occluded`` and
        ``box_size``."""
        truth = sample['gt_instances']
        facts: dict[str, Any] = {}
        if 'subsets' in sample:
            facts['subsets'] = tuple(sample['subsets'])
        else:
            if self.ann_file is not None:
                facts.update(self._annotated_faces(self.ann_file).of_sample(sample))
            facts['subsets'] = self._subsets_of(sample, facts.get('subsets'))
        for name in ('occluded', 'box_size'):
            # In the sample itself, where MMPose's class has packed it.
            value = truth.get(name, sample.get(name))
            if value is not None:
                facts[name] = np.atleast_1d(value)[0]
        size = self.normalization.size_in(sample)
        return facts if size is None else dict(facts, box_size=size)

    def _annotated_faces(self, ann_file: str | Sequence[str]) -> AnnotatedFaces:
        if self._annotated is None:
            self._annotated = AnnotatedFaces(ann_file, self._dataset_name)
        return self._annotated

    @property
    def _dataset_name(self) -> str:
        return str(self.dataset_meta['dataset_name'])

    def _subsets_of(self, sample: dict[str, Any], annotated: Sequence[str] | None) -> Sequence[str]:
        """Subsets of a face whose sample has none."""
        if self.subsets == ('test',):  # the default, whatever is tested
            return self.subsets
        if annotated is None and self._dataset_name == '300w':
            annotated = datasets.Face300W.subsets_of_path(sample['img_path'])
        if annotated is not None:
            return annotated
        if len(self.subsets) == 1:
            return self.subsets
        raise ValueError(
            f'the table has the columns {", ".join(self.subsets)}, but the '
            f'sample of {sample["img_path"]} does not say its subsets: '
            f'{_advice(self._dataset_name)} and PackFaceInputs in place of '
            "MMPose's data set and PackPoseInputs"
        )

    def _check_box_size(self, row: dict[str, Any], scheme: Scheme) -> None:
        normalizer = self.normalizer or default_normalizer(scheme)
        of_box = normalizer in ('face_box', 'box_diagonal')
        # For an unknown scheme the data set's box can be chosen.
        needs = self.normalizer is None or scheme == AFLW19
        if scheme.normalizer is None and of_box and needs and 'box_size' not in row:
            raise ValueError(
                f'{scheme.name} is normalised by the face box, but the '
                f'samples (such as that of {row["file"]}) do not say its '
                'size: use FaceAFLW with a file that has box_size, and '
                'PackFaceInputs; or give the ann_file that has it; or, for '
                "the data set's box as MMPose has it, "
                "norm_mode='use_norm_item', norm_item='bbox_size'"
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """The figures of all columns.

        Args:
            results (list[dict]): The rows of :meth:`process`, of all
                processes.

        Returns:
            dict[str, float]: See the class.
        """
        faces = self._faces(results)
        self.scores = score(faces, self.normalizer, self.protocol)
        self.table = make_table(
            self.scores, self.subsets, self.threshold, self.protocol, self.unit, self.bootstrap
        )
        self._log(self.scores, self.table)
        if self.out_dir is not None:
            _write(Path(self.out_dir), self.scores, self.table)
        return self._flat(self.table)

    def _faces(self, results: list[dict[str, Any]]) -> Faces:
        # How processes share the data must not be seen in the order. Of
        # several annotation files, ids may occur in each; a face that a
        # sampler has padded with comes twice.
        rows = list(
            {(row['id'], row['file'], row['truth'].tobytes()): row for row in results}.values()
        )
        rows.sort(key=lambda row: (row['id'], row['file']))
        return Faces(
            self.normalization.scheme_of(self.dataset_meta),
            files=[row['file'] for row in rows],
            ids=[row['id'] for row in rows],
            subsets=[row['subsets'] for row in rows],
            boxes=np.array([row['box'] for row in rows], np.float64),
            truth=np.array([row['truth'] for row in rows], np.float64),
            visible=np.array([row['visible'] for row in rows]),
            predicted=np.array([row['predicted'] for row in rows], np.float64),
            occluded=column(rows, 'occluded'),
            box_sizes=column(rows, 'box_size'),
        )

    def _log(self, scores: Scores, table: Table) -> None:
        norm = described_normalizer(scores.scheme, scores.normalizer)
        print_log(
            f'NME, failure rate and AUC ({self.unit}), n faces; '
            f'normaliser {norm}, protocol {self.protocol}:\n' + format_table(table),
            'current',
        )
        files = np.array(scores.files, object)
        _warn_of('Faces with predictions that are NaN or infinite', files[scores.failed].tolist())
        _warn_of(
            'Faces left out, for their normaliser is zero or its points are '
            'not labelled, or no point is',
            files[scores.left_out].tolist(),
        )
        _warn_of(
            'Faces in none of the columns, not in the table',
            [
                file
                for file, subsets in zip(scores.files, scores.subsets)
                if not set(self.subsets) & set(subsets)
            ],
        )

    def _flat(self, table: Table) -> dict[str, float]:
        """The table's figures by the names of the metrics."""
        prefix = {s: f'{s}/' for s in self.subsets}
        prefix[self.subsets[0]] = ''
        return {
            prefix[subset] + key: value
            for subset, figures in table.figures.items()
            for key, value in figures.items()
            if key != 'n'
        }


def _write(folder: Path, scores: Scores, table: Table) -> None:
    write_json(folder / 'metrics.json', summary(scores, table))
    save_scores(scores, folder / 'per_face.json')
    save_predictions(scores, folder / 'predictions.json')
    print_log(f'metrics.json, per_face.json and predictions.json are in {folder}', 'current')


def _advice(dataset: str) -> str:
    ours = datasets.BENCHMARKS.get(dataset)
    if ours is None:
        return 'use CustomFaces'
    return f'give SubsetNME the ann_file of the data set, or use {ours.class_name}'


def _visible(truth: dict[str, Any]) -> BoolArray:
    """Which points of the one face are labelled ``(K, )``."""
    mask: BoolArray = np.asarray(truth['keypoints_visible'], bool)[0]
    # MMPose has (1, K), or (1, K, 2) with the weights in the second place.
    return mask[:, 0] if mask.ndim == 2 else mask


def _warn_of(what: str, files: Sequence[str]) -> None:
    """Log the number of these faces and the first files, if there are any."""
    if len(files):
        print_log(f'{what}: {len(files)} ({shortened(files, _LISTED)})', 'current', logging.WARNING)
