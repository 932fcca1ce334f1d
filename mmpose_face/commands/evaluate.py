# SPDX-License-Identifier: Apache-2.0
"""Scoring the predictions of any system: the work of ``tools/evaluate.py``."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

import numpy as np
from mmengine.logging import print_log

from ..datasets import BENCHMARKS, FaceDataset, LoadFaceImage, get_benchmark
from ..evaluation import (
    Faces,
    Scores,
    Table,
    format_table,
    make_table,
    per_group,
    percentiles,
    save_scores,
    score,
)
from ..evaluation.pairing import Paired, pair
from ..evaluation.predictions import Predictions, load_predictions
from ..evaluation.scores import Protocol, column, strict, write_json
from ..evaluation.table import DIGITS, SCALE, Unit, figure, markdown_table, summary
from ..files import PathLike
from ..text import shortened
from ..visualization import plot_ced, subset_curves, write_report_folder

PERCENTILES = (50, 90, 95, 99)
# The only column if no face has a subset of the benchmark.
ALL = 'all'

# From column to name to figure.
_Figures = dict[str, dict[str, float]]


def open_truth(ann_files: Sequence[PathLike], dataset: str | None = None) -> tuple[str, Faces]:
    """The annotated faces of a test; images are not opened.

    Args:
        ann_files (Sequence[str | PathLike]): Annotation files that make one
            test, such as the public and the private one of 300-W.
        dataset (str, optional): A key of
            :data:`~mmpose_face.datasets.BENCHMARKS`. Defaults to the name in
            the first file, or else to the first that fits its fields and
            number of points.

    Returns:
        tuple[str, Faces]: The key, and the faces, whose predicted points are
        NaN.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is not an annotation file of that data set, a
            face occurs twice, or there is no such data set.
    """
    contents = [(path, _read_annotations(path)) for path in ann_files]
    dataset = dataset or _guess_dataset(*contents[0])
    benchmark = get_benchmark(dataset)
    rows = [row for item in contents for row in _rows(benchmark.dataset, *item)]
    _check_once(rows, ann_files)

    truth = np.stack([row['truth'] for row in rows])
    return dataset, Faces(
        benchmark.scheme,
        files=[row['file'] for row in rows],
        ids=[row['id'] for row in rows],
        subsets=[row['subsets'] for row in rows],
        boxes=np.array([row['box'] for row in rows], np.float64),
        truth=truth,
        visible=np.stack([row['visible'] for row in rows]),
        predicted=np.full_like(truth, np.nan),
        occluded=column(rows, 'occluded'),
        box_sizes=column(rows, 'box_size'),
    )


def _read_annotations(path: PathLike) -> dict:
    try:
        content = json.loads(Path(path).read_bytes())
    except (RecursionError, ValueError) as error:
        raise ValueError(f'{path} is not JSON: {error}') from None
    found = content.get('annotations') if isinstance(content, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(a, dict) for a in found):
        raise ValueError(f'{path} is not an annotation file: it has no list of annotations')
    return content


def _guess_dataset(path: PathLike, content: dict) -> str:
    """The data set that the file names, or else the first that fits its faces."""
    info = content.get('info')
    converter = info.get('converter') if isinstance(info, dict) else None
    said = str(converter).partition('mmpose_face ')[2]
    if said in BENCHMARKS:
        return said
    annotation = content['annotations'][0]
    if 'face_kpts' in annotation:
        return 'coco_wholebody_face'
    keypoints = annotation.get('keypoints')
    count = len(keypoints) // 3 if isinstance(keypoints, list) else 0
    for name, benchmark in BENCHMARKS.items():
        if benchmark.scheme.num_points == count:
            return name
    raise ValueError(
        f'{path}: no data set has faces of {count} points; known are {", ".join(BENCHMARKS)}'
    )


def _rows(cls: type[FaceDataset], path: PathLike, content: dict) -> list[dict]:
    """The faces of a file, those of an image in the order of the file."""
    opened = cls(ann_file=str(path), test_mode=True)
    annotations = {ann['id']: ann for ann in content['annotations']}
    infos = map(opened.get_data_info, range(len(opened)))
    return [_row(info, annotations[info['id']]) for info in infos]


def _row(info: dict, annotation: dict) -> dict:
    points = annotation['face_kpts' if 'face_kpts' in annotation else 'keypoints']
    row = dict(
        file=info['img_path'],
        id=info['id'],
        subsets=tuple(info.get('subsets') or ()),
        box=info['bbox'][0],
        # From the file, because the data set has them in float32.
        truth=np.reshape(points, (-1, 3))[:, :2].astype(np.float64),
        visible=info['keypoints_visible'][0].astype(bool),
    )
    if 'occluded' in info:
        row['occluded'] = info['occluded'][0]
    if 'box_size' in info:
        row['box_size'] = info['box_size']
    return row


def _check_once(rows: list[dict], ann_files: Sequence[PathLike]) -> None:
    counts = Counter((row['file'], row['id']) for row in rows)
    for (file, number), count in counts.items():
        if count > 1:
            raise ValueError(
                f'{", ".join(map(str, ann_files))}: expected each face once, '
                f'got id {number} of {file} again'
            )


@dataclass(frozen=True)
class Evaluation:
    """The figures of a system on a benchmark.

    Args:
        scores (Scores): The errors of all faces.
        table (Table): The benchmark's columns.
        missing (list[str]): Files of faces without a prediction.
        strangers (list[str]): Predictions without a face.
    """

    scores: Scores
    table: Table
    missing: list[str]
    strangers: list[str]

    def percentiles(self) -> _Figures:
        """For each column the errors that 50, 90, 95 and 99 % of its faces
        do not exceed, in the table's unit."""
        names = [f'p{q}' for q in PERCENTILES]
        return self._each(
            lambda part: dict(zip(names, percentiles(part.errors, PERCENTILES).tolist()))
        )

    def groups(self) -> _Figures:
        """For each column the mean errors of the points of each part of the
        face, in the table's unit."""
        return self._each(lambda part: per_group(part.point_errors, part.scheme))

    def _each(self, figures_of: Callable[[Scores], dict[str, float]]) -> _Figures:
        scale, scores = SCALE[self.table.unit], self.scores
        parts = {column: scores.select(scores.members(column)) for column in self.table.columns}
        return {
            column: {name: scale * value for name, value in figures_of(part).items()}
            for column, part in parts.items()
        }


def evaluate(
    ann_files: Sequence[PathLike],
    predictions: PathLike,
    dataset: str | None = None,
    pred_scheme: str | None = None,
    normalizer: str | None = None,
    threshold: float | None = None,
    protocol: Protocol = 'mmpose',
    partial: bool = False,
    bootstrap: int = 1000,
) -> Evaluation:
    """Score the predictions of any system.

    Args:
        ann_files (Sequence[str | PathLike]): See :func:`open_truth`.
        predictions (str | PathLike): See
            :func:`~mmpose_face.evaluation.predictions.load_predictions`.
        dataset (str, optional): See :func:`open_truth`.
        pred_scheme (str, optional): Name of the landmark scheme of the
            predictions. Defaults to what the file says, or else to the one of
            that number of points.
        normalizer (str, optional): One of
            :data:`~mmpose_face.evaluation.NORMALIZERS`. Defaults to the
            benchmark's.
        threshold (float, optional): Of failure rate and AUC, a ratio such as
            0.08. Defaults to the benchmark's.
        protocol (str, optional): ``'mmpose'`` or ``'paper'``; see
            :class:`~mmpose_face.evaluation.SubsetNME`. Defaults to
            ``'mmpose'``.
        partial (bool): See :func:`~mmpose_face.evaluation.pairing.pair`.
        bootstrap (int): Samples of faces for the 95 % intervals.

    Returns:
        Evaluation: The figures. The log says what is not in them.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is not of the expected form, or an argument is
            not one of those above.

    Examples:
        >>> evaluation = evaluate(['face_landmarks_wflw_test.json'],
        ...                       'mine.csv')
        >>> print(format_evaluation(evaluation))
    """
    if threshold is not None:
        check_threshold(threshold)
    dataset, truth = open_truth(ann_files, dataset)
    benchmark = get_benchmark(dataset)
    predicted = load_predictions(predictions, pred_scheme)
    paired = pair(truth, predicted, partial)
    scores, columns = _in_columns(score(paired.faces, normalizer, protocol), benchmark.columns)
    table = make_table(
        scores, columns, threshold or benchmark.threshold, protocol, benchmark.unit, bootstrap
    )
    _log(dataset, predicted, scores, columns, paired)
    return Evaluation(scores, table, paired.missing, paired.strangers)


def check_threshold(threshold: float) -> None:
    """Refuse a threshold that is not a ratio.

    Args:
        threshold (float): Threshold of failure rate and AUC.

    Raises:
        ValueError: If it is not above 0 and at most 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(
            'expected a threshold above 0 and at most 1, a '
            f'ratio such as 0.08 for 8 %, got {threshold:g}'
        )


def _in_columns(scores: Scores, subsets: tuple[str, ...]) -> tuple[Scores, tuple[str, ...]]:
    """The scores and the columns of their table: one column of all faces if no
    face has a subset of the benchmark."""
    if any(set(subsets) & set(names) for names in scores.subsets):
        return scores, subsets
    return replace(scores, subsets=[(ALL, *names) for names in scores.subsets]), (ALL,)


def _log(
    dataset: str, predicted: Predictions, scores: Scores, columns: Sequence[str], paired: Paired
) -> None:
    """Log what was scored, and what was not."""
    scheme = scores.scheme
    print_log(f'{len(scores)} faces of {dataset}, {scheme.num_points} points', 'current')
    if predicted.scheme != scheme:
        print_log(
            f'{predicted.source}: {predicted.scheme.name} taken over to '
            f'{scheme.name} by the exact map',
            'current',
        )
    files = np.array(scores.files, object)
    outside = [
        file for file, names in zip(scores.files, scores.subsets) if not set(columns) & set(names)
    ]
    for what, those in (
        ('faces without a prediction, left out', paired.missing),
        ('predictions without a face, left out', paired.strangers),
        ('faces with predictions that are NaN or infinite, failed', files[scores.failed]),
        ('faces without a normaliser or without labelled points, left out', files[scores.left_out]),
        ('faces in none of the columns, not in the table', outside),
    ):
        if len(those):
            print_log(f'{len(those)} {what} ({shortened(those)})', 'current', logging.WARNING)


def format_evaluation(evaluation: Evaluation) -> str:
    """The figures as plain text tables, which are Markdown too.

    Args:
        evaluation (Evaluation): The figures.

    Returns:
        str: The benchmark's table, the percentiles of the faces' errors and
        the errors of the parts of the face.
    """
    table = evaluation.table
    unit = 'per cent' if table.unit == 'percent' else 'ratios'
    return '\n\n'.join(
        (
            f'NME, failure rate and AUC ({unit}), n faces; normaliser '
            f'{evaluation.scores.normalizer}, protocol {table.protocol}:',
            format_table(table),
            'Error that a share of the faces does not exceed:',
            _by_column(evaluation.percentiles(), table.unit),
            'Mean error of the points of each part of the face:',
            _by_column(evaluation.groups(), table.unit),
        )
    )


def _by_column(figures: _Figures, unit: Unit) -> str:
    digits = DIGITS[unit]
    names = next(iter(figures.values()))
    return markdown_table(
        ('', *figures),
        [[name, *(figure(of[name], digits) for of in figures.values())] for name in names],
    )


def save_evaluation(evaluation: Evaluation, folder: PathLike) -> list[Path]:
    """Write the figures, the errors of each face and the error curves.

    Args:
        evaluation (Evaluation): The figures.
        folder (str | PathLike): Where to write ``metrics.json``,
            ``per_face.json``, ``ced.png`` and ``ced.svg``; created if missing.

    Returns:
        list[Path]: The files.
    """
    folder = Path(folder)
    scores, table = evaluation.scores, evaluation.table
    metrics, per_face = folder / 'metrics.json', folder / 'per_face.json'
    write_json(
        metrics,
        dict(
            summary(scores, table),
            missing=evaluation.missing,
            without_face=evaluation.strangers,
            percentiles=_strict(evaluation.percentiles()),
            groups=_strict(evaluation.groups()),
        ),
    )
    save_scores(scores, per_face)
    curves = subset_curves(scores, table.columns)
    return [metrics, per_face, *plot_curves(curves, table.threshold, folder)]


def save_report(
    evaluation: Evaluation, folder: PathLike, name: str, images: PathLike | None = None
) -> Path:
    """Write the report, ``report.html``, and its pictures as files.

    Args:
        evaluation (Evaluation): The figures.
        folder (str | PathLike): Where to write; created if missing.
        name (str): Name of the system.
        images (str | PathLike, optional): Folder of the images, for the
            pictures of the worst faces. Defaults to none.

    Returns:
        Path: The report.

    Raises:
        FileNotFoundError: If an image is missing.
        ValueError: If an image is truncated or unreadable.
    """
    scores, table = evaluation.scores, evaluation.table

    def load(file: str) -> np.ndarray:
        return LoadFaceImage()(dict(img_path=str(Path(images or '', file))))['img']

    return write_report_folder(
        folder,
        {name: scores},
        table.columns,
        table.threshold,
        protocol=table.protocol,
        unit=table.unit,
        title='Face landmarks',
        load_image=load if images else None,
    )


def _strict(figures: _Figures) -> dict[str, dict]:
    return {
        column: {name: strict(value) for name, value in of.items()}
        for column, of in figures.items()
    }


def plot_curves(curves: dict[str, np.ndarray], threshold: float, folder: Path) -> list[Path]:
    """Draw ``ced.png`` and ``ced.svg``; see
    :func:`~mmpose_face.visualization.plot_ced`.

    Returns:
        list[Path]: The files.
    """
    paths = [folder / 'ced.png', folder / 'ced.svg']
    for path in paths:
        plot_ced(curves, threshold, path)
    return paths
