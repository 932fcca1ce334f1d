# SPDX-License-Identifier: Apache-2.0
"""Comparing two systems face by face: the work of ``tools/compare.py``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..datasets import BENCHMARKS
from ..evaluation import Comparison, Scores, compare, face_errors, in_common, nme
from ..evaluation.pairing import path_ends
from ..evaluation.scores import strict, write_json
from ..evaluation.table import figure, markdown_table
from ..files import PathLike
from .evaluate import ALL, plot_curves


@dataclass(frozen=True)
class Difference:
    """The difference of systems A and B on some faces.

    Args:
        nme (tuple[float, float]): Mean errors of A and of B, ratios, over the
            faces on which neither failed.
        comparison (Comparison): A minus B.
        neither (int): Faces on which both failed or one has no score; they
            do not count in the difference.
    """

    nme: tuple[float, float]
    comparison: Comparison
    neither: int


@dataclass(frozen=True)
class SystemComparison:
    """The comparison of systems A and B on their common faces.

    Args:
        names (tuple[str, str]): Their names.
        scores (tuple[Scores, Scores]): Their scores of the common faces.
        subsets (dict[str, Difference]): By subset, the main one first.
        groups (dict[str, Difference]): By part of the face, on the faces of
            the main subset.
        alone (tuple[int, int]): Numbers of faces that only A or only B has;
            these count nowhere else.
    """

    names: tuple[str, str]
    scores: tuple[Scores, Scores]
    subsets: dict[str, Difference]
    groups: dict[str, Difference]
    alone: tuple[int, int]

    @property
    def main(self) -> str:
        """The main subset."""
        return next(iter(self.subsets))


def compare_systems(a: Scores, b: Scores, names: tuple[str, str]) -> SystemComparison:
    """Compare two systems face by face.

    Two faces are the same if their files and ids are equal. If that holds for
    no face, for instance because the data lay in different folders, the ends
    of the paths are compared.

    Args:
        a (Scores): The scores of system A.
        b (Scores): The scores of system B.
        names (tuple[str, str]): Their names.

    Returns:
        SystemComparison: The differences, A minus B.

    Raises:
        ValueError: If they have no face in common, or differ in scheme or
            normaliser.
    """
    total = len(a), len(b)
    if not set(a.keys) & set(b.keys):
        a, b = _by_ends_of_paths(a, b)
    a, b = in_common((a, b))
    subsets = _subsets_of(a)
    if not subsets:
        a, b = (replace(s, subsets=[(ALL,)] * len(s)) for s in (a, b))
        subsets = [ALL]
    main = a.members(subsets[0])
    return SystemComparison(
        names,
        (a, b),
        subsets={
            name: _difference(a.errors[members], b.errors[members])
            for name, members in ((s, a.members(s)) for s in subsets)
        },
        groups={
            name: _difference(*(face_errors(s.point_errors[main][:, points]) for s in (a, b)))
            for name, points in ((g, list(indices)) for g, indices in a.scheme.groups.items())
        },
        alone=(total[0] - len(a), total[1] - len(b)),
    )


def _difference(a: np.ndarray, b: np.ndarray) -> Difference:
    both = np.isfinite(a) & np.isfinite(b)
    found = compare(a, b)
    return Difference((nme(a[both]), nme(b[both])), found, len(a) - found.n - sum(found.failed))


def _subsets_of(scores: Scores) -> list[str]:
    """The subsets of the faces in the order of their benchmark's table; without
    a benchmark, the largest first."""
    names = {name for subsets in scores.subsets for name in subsets}
    for benchmark in BENCHMARKS.values():
        if names <= set(benchmark.columns):
            return [name for name in benchmark.columns if name in names]
    return sorted(names, key=lambda n: (-scores.members(n).sum(), n))


def _by_ends_of_paths(a: Scores, b: Scores) -> tuple[Scores, Scores]:
    """The scores with each path shortened to the fewest last parts that keep
    all faces of a system distinct."""
    depth = max(len(path_ends(file)) for file in a.files + b.files)
    for parts in range(1, depth + 1):
        short = [replace(s, files=[path_ends(f)[-parts:][0] for f in s.files]) for s in (a, b)]
        if all(len(set(s.keys)) == len(s) for s in short):
            print_log(
                'no path is the same in both; faces are matched by id and by '
                f'the end of the path, such as {short[0].files[0]}',
                'current',
            )
            return short[0], short[1]
    return a, b


def format_comparison(result: SystemComparison) -> str:
    """The differences as plain text tables, which are Markdown too.

    Args:
        result (SystemComparison): The comparison.

    Returns:
        str: The tables, in per cent.
    """
    scores = result.scores[0]
    return '\n\n'.join(
        (
            f'A is {result.names[0]}, B is {result.names[1]}: {len(scores)} faces '
            f'in both, {result.alone[0]} only in A, {result.alone[1]} only in B. '
            f'Per cent, normaliser {scores.normalizer}; A - B is negative where A '
            'is better:',
            _format_differences(result.subsets),
            f'Parts of the face, on the faces of {result.main}:',
            _format_differences(result.groups),
        )
    )


def _format_differences(differences: dict[str, Difference]) -> str:
    return markdown_table(
        (
            '',
            'A',
            'B',
            'A - B',
            '95 %',
            'p',
            'n',
            'only A failed',
            'only B failed',
            'not in either',
        ),
        [[name, *_cells(d)] for name, d in differences.items()],
    )


def _cells(difference: Difference) -> Sequence[str]:
    found = difference.comparison
    return (
        *(figure(100 * value, 3) for value in difference.nme),
        _signed(found.difference),
        f'{_signed(found.low)} to {_signed(found.high)}',
        figure(found.p_value, 4),
        str(found.n),
        *map(str, found.failed),
        str(difference.neither),
    )


def _signed(ratio: float) -> str:
    return 'n/a' if math.isnan(ratio) else f'{100 * ratio:+.3f}'


def save_comparison(result: SystemComparison, folder: PathLike, threshold: float) -> list[Path]:
    """Write the differences, and both systems' error curves on the main subset.

    Args:
        result (SystemComparison): The comparison.
        folder (str | PathLike): Folder for ``comparison.json``, ``ced.png``
            and ``ced.svg``; created if missing.
        threshold (float): The right end of the plot and the threshold of AUC
            and failure rate in its legend, a ratio.

    Returns:
        list[Path]: The files.
    """
    folder = Path(folder)
    path = folder / 'comparison.json'
    write_json(
        path,
        dict(
            unit='ratio',
            systems=list(result.names),
            normalizer=result.scores[0].normalizer,
            n=len(result.scores[0]),
            alone=list(result.alone),
            subsets=_to_json(result.subsets),
            groups=_to_json(result.groups),
        ),
    )
    members = result.scores[0].members(result.main)
    curves = {name: scores.errors[members] for name, scores in zip(result.names, result.scores)}
    return [path, *plot_curves(curves, threshold, folder)]


def _to_json(differences: dict[str, Difference]) -> dict[str, dict]:
    return {
        name: dict(
            nme=[strict(value) for value in d.nme],
            difference=strict(d.comparison.difference),
            interval=[strict(d.comparison.low), strict(d.comparison.high)],
            p_value=strict(d.comparison.p_value),
            n=d.comparison.n,
            failed=list(d.comparison.failed),
            neither=d.neither,
        )
        for name, d in differences.items()
    }
