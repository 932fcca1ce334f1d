# SPDX-License-Identifier: Apache-2.0
"""The errors of a system on each face of a test, from which tables, plots,
comparisons and reports are made."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from ..arrays import Array, BoolArray, FloatArray
from ..files import PathLike, write_whole
from ..landmarks import OUTER_EYE_CORNERS, Scheme, get_scheme, name_or_dict
from ..logs import print_log
from .functional import (
    box_diagonal,
    face_box,
    face_errors,
    inter_ocular,
    inter_pupil,
    landmark_box,
    longer_side,
    normalized_errors,
)

Protocol = Literal['mmpose', 'paper']

# Names of the normalisers in files and options.
NORMALIZERS = (
    'inter_ocular',
    'inter_pupil',
    'face_box',
    'box_diagonal',
    'bbox_size',
    'landmark_box',
)


@dataclass(frozen=True)
class Scores:
    """The errors of N faces with K points.

    Args:
        scheme (Scheme): The landmark scheme.
        normalizer (str): One of :data:`NORMALIZERS`.
        files (list[str]): Image of each face.
        ids (list[int]): Id of each face in its annotation file.
        subsets (list[tuple[str]]): Subsets of each face.
        boxes (np.ndarray): Boxes of the faces ``(N, 4)``, as the data set
            gives them: left, top, right and bottom in pixels.
        point_errors (np.ndarray): Ratios ``(N, K)``; NaN is not scored,
            infinity failed.
        occluded (np.ndarray, optional): ``(N, K)`` bool, if the data has it.
        truth (np.ndarray, optional): True points ``(N, K, 2)`` in pixels.
        predicted (np.ndarray, optional): Predicted points ``(N, K, 2)`` in
            pixels.
        protocol (str): ``'mmpose'`` or ``'paper'``, the rule for faces
            without a normaliser; see :func:`normalizers`.

    Attributes:
        errors (np.ndarray): Errors of the faces ``(N, )``, ratios, computed
            from ``point_errors``.
    """

    scheme: Scheme
    normalizer: str
    files: list[str]
    ids: list[int]
    subsets: list[tuple[str, ...]]
    boxes: FloatArray
    point_errors: FloatArray
    occluded: BoolArray | None = None
    truth: FloatArray | None = None
    predicted: FloatArray | None = None
    protocol: Protocol = 'paper'
    errors: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, 'errors', face_errors(self.point_errors))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def failed(self) -> BoolArray:
        """Which faces have a prediction that is NaN or infinite ``(N, )``,
        including faces that cannot be scored because they have no
        normaliser."""
        failed: BoolArray = np.isinf(self.errors)
        if self.predicted is not None:
            numbers = np.isfinite(self.predicted).all((1, 2))
            failed |= np.isnan(self.errors) & ~numbers
        return failed

    @property
    def left_out(self) -> BoolArray:
        """Which faces have no error because they have no normaliser or no
        labelled points ``(N, )``."""
        left_out: BoolArray = np.isnan(self.errors)
        return left_out

    @property
    def keys(self) -> list[tuple[str, int]]:
        """File and id of each face, unique as a pair."""
        return list(zip(self.files, self.ids))

    def members(self, subset: str) -> BoolArray:
        """Which faces belong to a subset, ``(N, )`` bool."""
        return np.array([subset in names for names in self.subsets], bool)

    def select(self, which: Array) -> Scores:
        """Some of the faces.

        Args:
            which (np.ndarray): Indices, or ``(N, )`` bool.

        Returns:
            Scores: The scores of these faces, in that order.
        """
        indices = np.arange(len(self))[which]

        def rows(array: Any) -> Any:
            return None if array is None else array[indices]

        return replace(
            self,
            files=[self.files[i] for i in indices],
            ids=[self.ids[i] for i in indices],
            subsets=[self.subsets[i] for i in indices],
            **{
                name: rows(getattr(self, name))
                for name in ('boxes', 'point_errors', 'occluded', 'truth', 'predicted')
            },
        )

    def only_points(self, which: BoolArray) -> FloatArray:
        """The errors of some points.

        Args:
            which (np.ndarray): ``(N, K)`` bool.

        Returns:
            np.ndarray: Ratios ``(N, K)``; NaN, not scored, for the others.
        """
        return np.where(which, self.point_errors, np.nan)


@dataclass(frozen=True)
class Faces:
    """The true and the predicted points of N faces with K points.

    Args:
        scheme (Scheme): The landmark scheme.
        files (list[str]): Image of each face.
        ids (list[int]): Id of each face in its annotation file.
        subsets (list[tuple[str]]): Subsets of each face.
        boxes (np.ndarray): Boxes of the faces ``(N, 4)``, as the data set
            gives them: left, top, right and bottom in pixels.
        truth (np.ndarray): True points ``(N, K, 2)`` in pixels.
        visible (np.ndarray): ``(N, K)``, true where a point is labelled.
        predicted (np.ndarray): Predicted points ``(N, K, 2)`` in pixels.
        occluded (np.ndarray, optional): ``(N, K)`` bool, if the data has it.
        box_sizes (np.ndarray, optional): ``(N, )`` in pixels: the
            benchmark's own normaliser, where that is a box.
    """

    scheme: Scheme
    files: list[str]
    ids: list[int]
    subsets: list[tuple[str, ...]]
    boxes: FloatArray
    truth: FloatArray
    visible: Array
    predicted: FloatArray
    occluded: BoolArray | None = None
    box_sizes: FloatArray | None = None


def default_normalizer(scheme: Scheme) -> str:
    """The name of the benchmark's normaliser for a scheme."""
    return 'face_box' if scheme.normalizer is None else 'inter_ocular'


def described_normalizer(scheme: Scheme, name: str) -> str:
    """The normaliser in messages.

    Args:
        scheme (Scheme): The landmark scheme.
        name (str): One of :data:`NORMALIZERS`.

    Returns:
        str: The name, followed by the scheme's two points unless these are
        the outer eye corners.
    """
    ends = scheme.normalizer or OUTER_EYE_CORNERS
    if name != 'inter_ocular' or set(ends) == set(OUTER_EYE_CORNERS):
        return name
    return f'{name} ({ends[0]} to {ends[1]})'


def normalizers(faces: Faces, name: str, protocol: Protocol = 'paper') -> FloatArray:
    """The normaliser of each face.

    Args:
        faces (Faces): The faces.
        name (str): One of :data:`NORMALIZERS`. The face box is the
            benchmark's own if the data has it (``box_sizes``), otherwise the
            data set's box of the face; ``'bbox_size'`` is always computed
            from the latter, as in MMPose.
        protocol (str): ``'paper'``: NaN for a face on which the normaliser's
            points are not labelled; ``'mmpose'``: their distance all the
            same.

    Returns:
        np.ndarray: ``(N, )`` in pixels.

    Raises:
        ValueError: If there is no such normaliser.
    """
    if name not in NORMALIZERS:
        raise ValueError(f'unknown normalizer {name!r}; known: {", ".join(NORMALIZERS)}')
    scheme = faces.scheme
    if name == 'landmark_box':
        return landmark_box(faces.truth, faces.visible)
    if name == 'bbox_size':
        return longer_side(faces.boxes)
    if name in ('face_box', 'box_diagonal'):
        return _box_normalizers(faces, name)
    if name == 'inter_ocular':
        norm = inter_ocular(faces.truth, scheme)
        needed = [*scheme.ocular_indices]
    else:
        norm = inter_pupil(faces.truth, scheme)
        needed = [*scheme.pupil_indices[0], *scheme.pupil_indices[1]]
    if protocol == 'paper':
        labelled = faces.visible[:, needed].astype(bool).all(1)
        norm = np.where(labelled, norm, np.nan)
    return norm


def _box_normalizers(faces: Faces, name: str) -> FloatArray:
    if faces.box_sizes is None:
        compute = face_box if name == 'face_box' else box_diagonal
        return compute(faces.boxes)
    # The benchmark's boxes are square.
    return faces.box_sizes * (1 if name == 'face_box' else np.sqrt(2))


def score(faces: Faces, normalizer: str | None = None, protocol: Protocol = 'paper') -> Scores:
    """The scores of predictions.

    Args:
        faces (Faces): Truth and predictions.
        normalizer (str, optional): One of :data:`NORMALIZERS`. Defaults to
            the benchmark's.
        protocol (str): See :func:`normalizers`.

    Returns:
        Scores: The scores.

    Raises:
        ValueError: If a true point that is labelled is NaN or infinite, or
            there is no such normaliser.
    """
    normalizer = normalizer or default_normalizer(faces.scheme)
    errors = normalized_errors(
        faces.predicted, faces.truth, normalizers(faces, normalizer, protocol), faces.visible
    )
    return Scores(
        faces.scheme,
        normalizer,
        faces.files,
        faces.ids,
        faces.subsets,
        faces.boxes,
        errors,
        faces.occluded,
        faces.truth,
        faces.predicted,
        protocol,
    )


def save_scores(scores: Scores, path: PathLike) -> None:
    """Write per-face errors as strict JSON.

    Ratios; ``null`` is not scored, ``"Infinity"`` failed. True and predicted
    points are left out.

    Args:
        scores (Scores): The scores.
        path (str | PathLike): The file, ``per_face.json`` by custom.
    """
    faces = [
        dict(
            file=file,
            id=id_,
            subsets=list(subsets),
            box=box.tolist(),
            error=strict(error),
            point_errors=[strict(e) for e in points.tolist()],
        )
        for file, id_, subsets, box, error, points in zip(
            scores.files,
            scores.ids,
            scores.subsets,
            scores.boxes,
            scores.errors.tolist(),
            scores.point_errors,
        )
    ]
    if scores.occluded is not None:
        for face, flags in zip(faces, scores.occluded.astype(int).tolist()):
            face['occluded'] = flags
    write_json(
        path,
        dict(
            scheme=name_or_dict(scores.scheme),
            normalizer=scores.normalizer,
            protocol=scores.protocol,
            unit='ratio',
            faces=faces,
        ),
    )


def load_scores(path: PathLike) -> Scores:
    """Read a file of :func:`save_scores`.

    Args:
        path (str | PathLike): The file.

    Returns:
        Scores: The scores, without true and predicted points.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If its content is not that of :func:`save_scores`; the
            message names the file.
    """
    try:
        content = json.loads(Path(path).read_bytes())
        return _parse(content)
    except (
        AttributeError,
        IndexError,
        KeyError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(
            f'{path} is not a file of per-face errors, as SubsetNME writes it: {error!r}'
        ) from None


def _parse(content: dict[str, Any]) -> Scores:
    scheme, faces = get_scheme(content['scheme']), content['faces']
    shape = len(faces), scheme.num_points
    errors = np.array([[_number(e) for e in face['point_errors']] for face in faces]).reshape(shape)
    occluded = None
    if faces and 'occluded' in faces[0]:
        occluded = np.array([f['occluded'] for f in faces], bool).reshape(shape)
    if content['normalizer'] not in NORMALIZERS:
        raise ValueError(f'unknown normalizer {content["normalizer"]!r}')
    if not faces or (errors < 0).any():
        raise ValueError('expected faces, and errors that are not negative')
    loaded = Scores(
        scheme,
        content['normalizer'],
        files=[_of_type(face['file'], str) for face in faces],
        ids=[_of_type(face['id'], int) for face in faces],
        subsets=[
            tuple(_of_type(name, str) for name in _of_type(face['subsets'], list)) for face in faces
        ],
        boxes=np.array([face['box'] for face in faces], float).reshape(len(faces), 4),
        point_errors=errors,
        occluded=occluded,
        protocol=content.get('protocol', 'paper'),
    )
    if len(set(loaded.keys)) < len(faces):
        raise ValueError('a face occurs twice')
    return loaded


def _number(value: None | float | str) -> float:
    return math.nan if value is None else float(value)


_T = TypeVar('_T')


def _of_type(value: Any, kind: type[_T]) -> _T:
    """The value; TypeError if it is of another type."""
    if not isinstance(value, kind):
        raise TypeError(f'expected {kind.__name__}, got {value!r}')
    return value


def strict(value: float) -> None | float | str:
    """The value for strict JSON, which has neither NaN nor infinity: ``null``
    is not scored, ``"Infinity"`` failed."""
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else 'Infinity'


def column(rows: Sequence[dict[str, Any]], name: str) -> Array | None:
    """The values of all faces for one key, as an array.

    Args:
        rows (Sequence[dict]): A dict for each face.
        name (str): The key.

    Returns:
        np.ndarray | None: ``(N, ...)``; None if a row lacks the key, with a
        warning in the log if other rows have it.
    """
    values = [row[name] for row in rows if name in row]
    if 0 < len(values) < len(rows):
        print_log(
            f'{len(rows) - len(values)} of {len(rows)} faces do not say '
            f'{name}, which is left out for all',
            'current',
            logging.WARNING,
        )
    return np.array(values) if len(values) == len(rows) else None


def write_json(path: PathLike, content: dict[str, Any]) -> None:
    """Write strict JSON, the file whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(content, allow_nan=False))


def in_common(all_scores: Sequence[Scores]) -> list[Scores]:
    """The faces that all systems have scored, in the same order.

    Args:
        all_scores (Sequence[Scores]): One for each system.

    Returns:
        list[Scores]: One for each system, with the same faces.

    Raises:
        ValueError: If the systems have no face in common, or differ in
            scheme, normaliser or protocol.
    """
    first = all_scores[0]
    for other in all_scores[1:]:
        ways = [
            f'{s.scheme.name} by '
            f'{described_normalizer(s.scheme, s.normalizer)}, '
            f'protocol {s.protocol}'
            for s in (first, other)
        ]
        if ways[0] != ways[1]:
            raise ValueError(f'expected systems that are scored alike, got {ways[0]} and {ways[1]}')
    places = [{key: i for i, key in enumerate(s.keys)} for s in all_scores]
    shared = [key for key in first.keys if all(key in p for p in places)]
    if not shared:
        raise ValueError(
            'the systems have no face in common: files and ids '
            f'are like {first.keys[:1]} and '
            f'{all_scores[-1].keys[:1]}'
        )
    return [s.select(np.array([p[key] for key in shared])) for s, p in zip(all_scores, places)]
