# SPDX-License-Identifier: Apache-2.0
"""The assignment of predictions to annotated faces."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..text import shortened
from .predictions import Predictions
from .scores import Faces


@dataclass(frozen=True)
class Paired:
    """True faces with their predictions.

    Args:
        faces (Faces): The faces that have both, in the order of the truth.
        missing (list[str]): Files of the true faces without a prediction.
        strangers (list[str]): Predictions without a true face: the place of
            each in its file, and the reason.
    """

    faces: Faces
    missing: list[str]
    strangers: list[str]


class _NoSuchFace(ValueError):
    """A prediction without a true face."""


def pair(truth: Faces, predictions: Predictions, partial: bool = False) -> Paired:
    """Find the prediction of each true face.

    A prediction's ``file`` is the name in the annotations, or a path that
    ends in it. If there are several faces in the file, the id says which one
    it is, or the number of the face in the order of the annotations.

    Args:
        truth (Faces): The true faces; their ``predicted`` is not used.
        predictions (Predictions): In the scheme of the truth, or in one with
            an exact map to it.
        partial (bool): Whether faces without a prediction and predictions
            without a face are left out instead of refused.

    Returns:
        Paired: The faces with their predicted points, and the rest.

    Raises:
        ValueError: If a face has no prediction or a prediction no face, and
            not ``partial``; if no face has a prediction; if a face has two;
            if a prediction could be of several faces; if there is no exact
            map.
    """
    predictions = predictions.to(truth.scheme)
    found, strangers = _find_all(_FaceFinder(truth), predictions)
    kept = sorted(found)
    missing = [file for i, file in enumerate(truth.files) if i not in found]
    if (missing or strangers) and not (partial and kept):
        raise ValueError(
            f'{predictions.source}: '
            + _unpaired(predictions, missing, strangers)
            + ('; --partial leaves them out and scores the others' if kept else '')
        )
    faces = replace(_select(truth, kept), predicted=predictions.points[[found[i] for i in kept]])
    return Paired(faces, missing, strangers)


def _find_all(finder: _FaceFinder, predictions: Predictions) -> tuple[dict[int, int], list[str]]:
    """The index of the prediction by that of the true face, and the
    predictions without a face."""
    found: dict[int, int] = {}
    strangers = []
    for i, place in enumerate(predictions.places):
        try:
            face = finder.find(predictions.files[i], predictions.ids[i], predictions.numbers[i])
            if face in found:
                raise ValueError(
                    'expected one prediction of each face, got '
                    f'that of {predictions.places[found[face]]} '
                    'and another'
                )
            found[face] = i
        except _NoSuchFace as error:
            strangers.append(f'{place}: {error}')
        except ValueError as error:
            raise ValueError(
                f'{predictions.source}: {place} ({predictions.files[i]}): {error}'
            ) from None
    return found, strangers


class _FaceFinder:
    """Finds the true face of a prediction by file, id and number."""

    def __init__(self, truth: Faces) -> None:
        self.ids = truth.ids
        self.by_file: dict[str, list[int]] = {}
        for i, file in enumerate(truth.files):
            self.by_file.setdefault(file, []).append(i)

    def find(self, file: str, id_: int | None, number: int | None) -> int:
        """Index of the face; the id takes precedence over the number."""
        faces = self.by_file[self._annotated_name(file)]
        if id_ is not None:
            of_id = [i for i in faces if self.ids[i] == id_]
            if not of_id:
                raise _NoSuchFace(f'{file} has no annotated face with id {id_}')
            return of_id[0]
        if number is None:
            if len(faces) > 1:
                raise ValueError(
                    f'the image has {len(faces)} annotated faces; expected id or face to say which'
                )
            number = 0
        if not 0 <= number < len(faces):
            raise _NoSuchFace(
                f'{file} has {len(faces)} annotated faces, counted from 0, and none is {number}'
            )
        return faces[number]

    def _annotated_name(self, file: str) -> str:
        """The name of the image in the annotations."""
        if file in self.by_file:
            return file
        names = [end for end in path_ends(file) if end in self.by_file]
        if not names:
            raise _NoSuchFace(
                f'{file} is not an image of the annotations, '
                f'which have names like '
                f'{next(iter(self.by_file))}'
            )
        if len(names) > 1:
            raise ValueError(
                f'the path ends in several images of the annotations: {", ".join(names)}'
            )
        return names[0]


def path_ends(path: str) -> list[str]:
    """The ends of a path, the longest first.

    Args:
        path (str): A path with slashes or backslashes.

    Returns:
        list[str]: For ``a/b/c``: ``a/b/c``, ``b/c`` and ``c``.
    """
    parts = path.replace('\\', '/').split('/')
    return ['/'.join(parts[i:]) for i in range(len(parts))]


def _unpaired(predictions: Predictions, missing: list[str], strangers: list[str]) -> str:
    """The faces and predictions that are left over, for a message."""
    left = []
    if strangers:
        left.append(
            f'{len(strangers)} of {len(predictions)} predictions are '
            f'of no annotated face ({strangers[0]})'
        )
    if missing:
        left.append(f'{len(missing)} annotated faces have no prediction ({shortened(missing)})')
    return '; '.join(left)


def _select(faces: Faces, indices: list[int]) -> Faces:
    """Some of the faces, in that order."""

    def rows(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value[indices]
        if isinstance(value, list):
            return [value[i] for i in indices]
        return value  # the scheme, or None for a field that the data lacks

    return Faces(*(rows(getattr(faces, f.name)) for f in fields(Faces)))
