# SPDX-License-Identifier: Apache-2.0
"""Faces followed through a video, whatever runs the network; NumPy and OpenCV
only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np

from ..images.boxes import area, iou, landmark_bounds
from ..images.reading import Channels, ImageLike, read_image
from .face_boxes import BoxMapping
from .faces import Face, Faces
from .landmarking import Landmarker
from .smoothing import FaceSmoother, Smoothing
from .videos import Frame, Video

_SAME = 0.6  # faces that overlap more are one
_RETRY = 5  # frames between two looks for a face that was lost
_UNSEEN = 2  # looks in a row that miss a face whose points have no scores
_SMALLEST = 4.0  # pixels; no face is smaller

_square = BoxMapping()


class FaceTracker:
    """Follows faces through a video.

    A face is looked for by the detector in the first frame, whenever none is
    followed, when one was lost, and every ``detect_every`` frames. In
    between, each is followed in the box of its own landmarks of the frame
    before, all of a frame in one batch. A face is lost when the mean score of
    its points falls below ``min_score`` or it leaves the image; where the
    network gives no scores (all are 1), when the detector misses it twice in
    a row. Faces that come to lie on one another are one, with the older
    number.

    Args:
        landmarker (Landmarker): What finds faces and points; of PyTorch or
            of an ONNX file.
        smooth (bool | Smoothing): Whether, and how much, points are smoothed.
            Defaults to True.
        detect_every (int): Frames between two looks of the detector. Defaults
            to 30.
        min_score (float): Lowest mean score of a face's points. Defaults to
            0.3.
        min_iou (float): A detected face is one that is followed if their
            squares overlap by that, intersection over union. Defaults to 0.3.
        patience (int): Frames for which the number of a lost face is kept.
            Defaults to 15.
        fps (float): Frames a second, for frames whose time is not said.
            Defaults to 25.

    Attributes:
        detections (int): In how many frames the detector was asked.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(
        self,
        landmarker: Landmarker,
        smooth: bool | Smoothing = True,
        detect_every: int = 30,
        min_score: float = 0.3,
        min_iou: float = 0.3,
        patience: int = 15,
        fps: float = 25.0,
    ) -> None:
        if detect_every < 1 or patience < 0 or not fps > 0:
            raise ValueError(
                'expected detect_every of 1 or more, patience of 0 or more '
                f'and a positive fps, got {detect_every}, {patience} and '
                f'{fps}'
            )
        if not (0 <= min_score <= 1 and 0 < min_iou <= 1):
            raise ValueError(
                f'expected min_score and min_iou between 0 and 1, got {min_score} and {min_iou}'
            )
        self.landmarker = landmarker
        self.smoothing = Smoothing() if smooth is True else smooth or None
        self.detect_every, self.patience = detect_every, patience
        self.min_score, self.min_iou = min_score, min_iou
        self.fps = fps
        self.detections = 0
        self._next = 0
        self.reset()

    def reset(self) -> None:
        """Forget all faces, as for another video; numbers go on."""
        self._tracks: list[_Track] = []
        self._time: float | None = None
        self._size: tuple | None = None
        self._since = 0  # frames since the detector was asked

    def __call__(
        self, image: ImageLike, time: float | None = None, channels: Channels | None = None
    ) -> Faces:
        """The faces of the next frame.

        Args:
            image (ImageLike): The frame, mostly an array. If its size is
                another than that of the last, all faces are looked for anew.
            time (float, optional): When it was, in seconds; later than the
                last. Defaults to ``1 / fps`` after it.
            channels (str, optional): ``'bgr'`` or ``'rgb'``, the order of an
                array's channels.

        Returns:
            Faces: Each with its number, ``track_id``; the box is that of its
            landmarks.

        Raises:
            ValueError: If the image cannot be read, or time does not grow.
        """
        pixels = read_image(image, channels)
        self._start(pixels, time)
        anew = self._follow(pixels)
        if anew or self._is_due():
            self._detect(pixels)
        self._tracks = _merged(self._tracks)
        size = pixels.shape[1::-1]
        found = Faces((), image, size, channels)
        found.extend(
            self._face(track)
            for track in sorted(self._tracks, key=lambda t: -t.area)
            if not track.lost
        )
        return found

    def video(self, source: Video | str | os.PathLike[str] | int) -> Iterator[tuple[Frame, Faces]]:
        """The faces of a video.

        Args:
            source (Video | str | PathLike | int): A video, its file or the
                number of a webcam.

        Yields:
            tuple[Frame, Faces]: Frame after frame.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it cannot be read or has no frame.
        """
        if not isinstance(source, Video):
            with Video(source) as opened:
                yield from self.video(opened)
            return
        self.reset()
        for frame in source:
            yield frame, self(frame.image, frame.time, 'bgr')

    def _start(self, image: np.ndarray, time: float | None) -> None:
        """Take the time and the size of a frame."""
        last = self._time
        if time is None:
            time = 0.0 if last is None else last + 1 / self.fps
        if last is not None and not time > last:
            raise ValueError(
                f'time must grow, got a frame of {time} s after one of {last}'
                ' s; reset() begins another video'
            )
        self._time = time
        if self._size != image.shape[:2]:
            self._size = image.shape[:2]
            self._tracks = []
        self._since += 1

    def _follow(self, image: np.ndarray) -> bool:
        """Find the points of the faces that are followed; gives whether one
        was lost."""
        for track in self._tracks:
            track.lost += track.lost > 0
        self._tracks = [t for t in self._tracks if t.lost <= self.patience]
        followed = [t for t in self._tracks if not t.lost]
        found = self._points(image, [t.box for t in followed])
        for track, points, scores in zip(followed, *found):
            gone = track.unseen >= _UNSEEN and (scores == 1).all()
            if gone or not self._is_face(points, scores):
                track.lost = 1
            else:
                track.take(points, scores, self._time)
        return any(track.lost for track in followed)

    def _points(
        self, image: np.ndarray, boxes: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.landmarker.points_in(image, np.reshape(boxes, (-1, 4)))

    def _is_face(self, points: np.ndarray, scores: np.ndarray) -> bool:
        if not np.isfinite(points).all() or scores.mean() < self.min_score:
            return False
        low, high = points.min(0), points.max(0)
        middle, (height, width) = (low + high) / 2, self._size
        return bool(
            (high - low).max() >= _SMALLEST
            and (middle > 0).all()
            and (middle < (width, height)).all()
        )

    def _is_due(self) -> bool:
        """Whether to look for faces though none was lost just now."""
        if all(track.lost for track in self._tracks):
            return True
        lost = any(track.lost for track in self._tracks)
        return self._since >= (_RETRY if lost else self.detect_every)

    def _detect(self, image: np.ndarray) -> None:
        """Look for faces, and take those that are not followed."""
        self.detections += 1
        self._since = 0
        detector = self.landmarker.detector
        found = detector(image)
        squares = detector.mapping(found[:, :4])
        known = dict(matches(squares, _squares(self._tracks), self.min_iou))
        seen = set(known.values())
        for i, track in enumerate(self._tracks):
            track.unseen = 0 if i in seen else track.unseen + 1
        for i, j in known.items():
            self._tracks[j].box_score = float(found[i, 4])
        new = [i for i in range(len(found)) if i not in known or self._tracks[known[i]].lost]
        for i, points, scores in zip(new, *self._looked_twice(image, squares[new])):
            if self._is_face(points, scores):
                again = self._tracks[known[i]] if i in known else None
                self._begin(again, points, scores, float(found[i, 4]))

    def _looked_twice(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The points in boxes of the detector, found in the box of those that
        are found first, as they will be in the next frame."""
        points, scores = self.landmarker.points_in(image, boxes)
        good = [i for i, each in enumerate(zip(points, scores)) if self._is_face(*each)]
        if good:
            points, scores = points.copy(), scores.copy()
            points[good], scores[good] = self._points(image, landmark_bounds(points[good]))
        return points, scores

    def _begin(
        self, track: _Track | None, points: np.ndarray, scores: np.ndarray, box_score: float
    ) -> None:
        """Follow a face that was lost, or a new one if it is nobody's."""
        here = [t for t in self._tracks if not t.lost]
        if (iou(_square(landmark_bounds(points)[None]), _squares(here)) >= _SAME).any():
            return
        if track is None:
            track = _Track(self._next)
            self._next += 1
            self._tracks.append(track)
        track.begin(self.smoothing)
        track.box_score = box_score
        track.take(points, scores, self._time)

    def _face(self, track: _Track) -> Face:
        return Face(
            box=landmark_bounds(track.points),
            keypoints=track.points,
            scores=track.scores,
            scheme=self.landmarker.scheme,
            box_score=track.box_score,
            track_id=track.number,
        )


class _Track:
    """A face that is followed."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.box_score = 1.0
        self.unseen = 0  # looks of the detector in a row that missed it
        self.lost = 0  # frames since it was lost, 0 if it is not

    def begin(self, smoothing: Smoothing | None) -> None:
        self._smoother = smoothing and FaceSmoother(smoothing)
        self.lost = self.unseen = 0

    def take(self, points: np.ndarray, scores: np.ndarray, time: float) -> None:
        """The points of a frame, as they were found."""
        self.box = landmark_bounds(points)
        if self._smoother is not None:
            points = self._smoother(points, time)
        self.points, self.scores = points, scores

    @property
    def area(self) -> float:
        return float(area(self.box))


def _squares(tracks: list[_Track]) -> np.ndarray:
    """``(N, 4)``."""
    return _square(np.reshape([track.box for track in tracks], (-1, 4)))


def _merged(tracks: list[_Track]) -> list[_Track]:
    """The faces that are followed or waited for, each once."""
    kept: list[_Track] = []
    for track in sorted(tracks, key=lambda t: (t.lost, t.number)):
        same = iou(_squares([track]), _squares(kept)) >= _SAME
        if not same.any():
            kept.append(track)
    return kept


def matches(a: np.ndarray, b: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Boxes that are each other's, those that overlap most first.

    Args:
        a (np.ndarray): ``(N, 4)``, left, top, right and bottom in pixels.
        b (np.ndarray): ``(M, 4)``.
        least (float): Lowest intersection over union.

    Returns:
        list[tuple[int, int]]: Indices into both; none occurs twice.
    """
    overlap = iou(a, b)
    pairs = []
    while overlap.size and overlap.max() >= least:
        i, j = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((int(i), int(j)))
        overlap[i], overlap[:, j] = -1, -1
    return pairs
