# SPDX-License-Identifier: Apache-2.0
"""Faces with their landmarks, the results of landmarkers; NumPy and OpenCV
only."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from ..arrays import Array
from ..files import PathLike, write_whole
from ..images.reading import Channels, ImageLike, name_of, read_image
from ..images.writing import write_image
from ..landmarks import Scheme, get_scheme

# Points with a lower score are drawn hollow.
LOW_SCORE = 0.3


@dataclass(frozen=True)
class Face:
    """The landmarks of one face.

    Args:
        box (np.ndarray): Left, top, right and bottom in pixels ``(4, )``,
            from the detector or the user.
        keypoints (np.ndarray): The K points, x and y in pixels ``(K, 2)``;
            the centre of the image's first pixel is (0, 0).
        scores (np.ndarray): Score of each point ``(K, )``, from 0 to 1; 1 if
            the model gives no scores.
        scheme (Scheme): The landmark scheme of the points.
        box_score (float): Score of the detector. Defaults to 1.
        track_id (int, optional): In a video, the number of the person.
    """

    box: Array
    keypoints: Array
    scores: Array
    scheme: Scheme
    box_score: float = 1.0
    track_id: int | None = None

    def __getitem__(self, part: str) -> Array:
        """The points of a part of the face, in pixels.

        Args:
            part (str): A part for
                :meth:`~mmpose_face.landmarks.Scheme.select`: ``'left_eye'``,
                ``'lips'``, ``'chin'``.

        Returns:
            np.ndarray: ``(2, )`` for one point, ``(n, 2)`` for a part.

        Raises:
            ValueError: If the scheme has no such part.
        """
        indices = self.scheme.select(part)
        one = part in self.scheme.index
        points: Array = self.keypoints[indices[0] if one else list(indices)]
        return points

    @property
    def score(self) -> float:
        """The mean of the points' scores."""
        return float(self.scores.mean())

    def to(self, scheme: str | Scheme) -> Face:
        """The same face in another scheme, by the exact map.

        Args:
            scheme (str | Scheme): A scheme, or its name, such as
                ``'ibug68'``.

        Raises:
            ValueError: If there is no such scheme, or the face's scheme lacks
                some of its points.
        """
        scheme = get_scheme(scheme)
        chosen = list(self.scheme.map_to(scheme))
        return dataclasses.replace(
            self, keypoints=self.keypoints[chosen], scores=self.scores[chosen], scheme=scheme
        )

    def to_dict(self) -> dict[str, Any]:
        """The face as numbers and lists: ``box``, ``box_score``, ``score``,
        ``keypoints`` (K lists of x, y and score), ``scheme`` and, in a video,
        ``track_id``."""
        points = np.column_stack((self.keypoints, self.scores))
        found: dict[str, Any] = dict(
            scheme=self.scheme.name,
            box=_rounded(self.box),
            box_score=round(float(self.box_score), 4),
            score=round(self.score, 4),
            keypoints=[_rounded(point, 4) for point in points],
        )
        if self.track_id is not None:
            found['track_id'] = self.track_id
        return found


def _label(face: Face) -> str:
    """The text at the box of a face: ``#3 0.87``."""
    number = '' if face.track_id is None else f'#{face.track_id} '
    return f'{number}{face.score:.2f}'


def _rounded(values: Iterable[float], digits: int = 2) -> list[float]:
    return [round(float(value), digits) for value in values]


class Faces(list[Face]):
    """The faces of an image, a list; faces with larger boxes come first.

    Args:
        faces (Iterable[Face]): The faces.
        image (ImageLike): Their image; a file is read again when the faces
            are drawn.
        size (tuple[int, int], optional): Width and height of the image in
            pixels.
        channels (str, optional): ``'bgr'`` or ``'rgb'``, the order of an
            array's channels.

    Attributes:
        name (str): Path of the image, or the kind and size of anything else.
    """

    def __init__(
        self,
        faces: Iterable[Face] = (),
        image: ImageLike | None = None,
        size: tuple[int, int] | None = None,
        channels: Channels | None = None,
    ) -> None:
        super().__init__(faces)
        self.image, self.channels, self.size = image, channels, size
        self.name = '' if image is None else name_of(image)

    def draw(
        self, path: PathLike | None = None, low_score: float = LOW_SCORE, boxes: bool = False
    ) -> Array:
        """Draw the faces on their image.

        Args:
            path (str | PathLike, optional): File for the drawing; its suffix
                says the format. Defaults to no file.
            low_score (float): Points with a lower score are hollow. Defaults
                to 0.3.
            boxes (bool): Whether to draw the boxes too, with the score and,
                in a video, the number of the person. Defaults to False.

        Returns:
            np.ndarray: The drawing, BGR ``(H, W, 3)`` of uint8.

        Raises:
            ValueError: If OpenCV writes no images with this suffix, or the
                faces have no image.
        """
        from ..visualization.drawing import draw_boxes, draw_landmarks

        if self.image is None:
            raise ValueError('these faces have no image to be drawn on')
        canvas = read_image(self.image, self.channels).copy()
        if boxes and self:
            canvas = draw_boxes(
                canvas, [face.box for face in self], [_label(face) for face in self]
            )
        for scheme, faces in groupby(self, key=lambda face: face.scheme):
            points, scores = zip(*((f.keypoints, f.scores) for f in faces))
            canvas = draw_landmarks(canvas, points, scheme, hollow=np.array(scores) < low_score)
        if path is not None:
            write_image(path, canvas)
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """``image`` (its name), ``size`` (width and height) and ``faces``."""
        return dict(
            image=self.name,
            size=self.size and list(self.size),
            faces=[face.to_dict() for face in self],
        )

    def to_json(self, path: PathLike | None = None) -> str:
        """:meth:`to_dict` as JSON.

        Args:
            path (str | PathLike, optional): File for the JSON. Defaults to no
                file.
        """
        text = json.dumps(self.to_dict())
        if path is not None:
            write_whole(path, text + '\n')
        return text
