# SPDX-License-Identifier: Apache-2.0
"""Tracking of faces through a video with any network; NumPy and OpenCV
only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np

from ..arrays import Array
from ..images.boxes import area, iou, landmark_bounds
from ..images.reading import Channels, ImageLike, read_image
from .face_boxes import BoxMapping
from .faces import Face, Faces
from .landmarking import Landmarker
from .smoothing import FaceSmoother, Smoothing
from .videos import Frame, Video

_SAME_IOU = 0.6  # faces whose squares overlap more are the same
_RETRY_EVERY = 5  # frames between two detections while a face is lost
# Detections in a row that miss a face whose points have no scores, after which
# the face is lost.
_MISSES = 2
_SMALLEST = 4.0  # pixels, the side of the smallest face

_square = BoxMapping()


class FaceTracker:
    """Follows faces through a video.

    The detector runs on the first frame, whenever no face is followed, when a
    face was lost, and every ``detect_every`` frames. In between, each face is
    followed in the box of its own landmarks of the previous frame, all faces
    of a frame in one batch. A face is lost when the mean score of its points
    falls below ``min_score`` or it leaves the image; or, if the network gives
    no scores (all are 1), when the detector misses it twice in a row. Faces
    that come to lie on one another become one, with the older number.

    Args:
        landmarker (Landmarker): Finds faces and points, with PyTorch or an
            ONNX file.
        smooth (bool | Smoothing): Whether to smooth the points, or the
            settings for it. Defaults to True.
        detect_every (int): Frames between two detections. Defaults to 30.
        min_score (float): Lowest mean score of a face's points. Defaults to
            0.3.
        min_iou (float): Lowest intersection over union of the squares of a
            detected face and a followed one that are the same. Defaults to
            0.3.
        patience (int): Frames for which the number of a lost face is kept.
            Defaults to 15.
        fps (float): Frames a second, for frames without a time. Defaults to
            25.

    Attributes:
        detections (int): Number of frames on which the detector has run.

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
        """Forget all faces, before another video; their numbers are not used
        again."""
        self._tracks: list[_Track] = []
        self._first = True  # whether the next frame is the first
        self._time = 0.0  # of the last frame, in seconds
        self._size = 0, 0  # height and width of the last frame in pixels
        self._since = 0  # frames since the last detection

    def __call__(
        self, image: ImageLike, time: float | None = None, channels: Channels | None = None
    ) -> Faces:
        """The faces of the next frame.

        Args:
            image (ImageLike): The frame, usually an array. If its size
                differs from that of the last frame, all faces are forgotten.
            time (float, optional): Time of the frame in seconds; later than
                that of the last. Defaults to ``1 / fps`` after it.
            channels (str, optional): ``'bgr'`` or ``'rgb'``, the order of an
                array's channels.

        Returns:
            Faces: The faces with their numbers, ``track_id``; the box of each
            is that of its landmarks.

        Raises:
            ValueError: If the image cannot be read, or time does not grow.
        """
        pixels = read_image(image, channels)
        self._start(pixels, time)
        lost = self._follow(pixels)
        if lost or self._detection_is_due():
            self._detect(pixels)
        self._tracks = _merged(self._tracks)
        height, width = self._size
        found = Faces((), image, (width, height), channels)
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

    def _start(self, image: Array, time: float | None) -> None:
        """Set the time and the size of the frame."""
        last = self._time
        if time is None:
            time = 0.0 if self._first else last + 1 / self.fps
        if not (self._first or time > last):
            raise ValueError(
                f'time must grow, got a frame of {time} s after one of {last}'
                ' s; reset() begins another video'
            )
        self._time, self._first = time, False
        height, width = image.shape[:2]
        if self._size != (height, width):
            self._size = height, width
            self._tracks = []
        self._since += 1

    def _follow(self, image: Array) -> bool:
        """Find the points of the followed faces; returns whether a face was
        lost."""
        for track in self._tracks:
            track.lost += track.lost > 0
        self._tracks = [t for t in self._tracks if t.lost <= self.patience]
        followed = [t for t in self._tracks if not t.lost]
        found = self._points(image, [t.box for t in followed])
        for track, points, scores in zip(followed, *found):
            gone = track.misses >= _MISSES and (scores == 1).all()
            if gone or not self._is_face(points, scores):
                track.lost = 1
            else:
                track.take(points, scores, self._time)
        return any(track.lost for track in followed)

    def _points(self, image: Array, boxes: Array | Sequence[Array]) -> tuple[Array, Array]:
        return self.landmarker.points_in(image, np.reshape(boxes, (-1, 4)))

    def _is_face(self, points: Array, scores: Array) -> bool:
        if not np.isfinite(points).all() or scores.mean() < self.min_score:
            return False
        low, high = points.min(0), points.max(0)
        middle, (height, width) = (low + high) / 2, self._size
        return bool(
            (high - low).max() >= _SMALLEST
            and (middle > 0).all()
            and (middle < (width, height)).all()
        )

    def _detection_is_due(self) -> bool:
        """Whether to run the detector though no face was lost just now."""
        if all(track.lost for track in self._tracks):
            return True
        lost = any(track.lost for track in self._tracks)
        return self._since >= (_RETRY_EVERY if lost else self.detect_every)

    def _detect(self, image: Array) -> None:
        """Run the detector, and follow the faces that are not followed yet."""
        self.detections += 1
        self._since = 0
        detector = self.landmarker.detector
        found = detector(image)
        squares = detector.mapping(found[:, :4])
        known = dict(matches(squares, _squares(self._tracks), self.min_iou))
        seen = set(known.values())
        for i, track in enumerate(self._tracks):
            track.misses = 0 if i in seen else track.misses + 1
        for i, j in known.items():
            self._tracks[j].box_score = float(found[i, 4])
        new = [i for i in range(len(found)) if i not in known or self._tracks[known[i]].lost]
        for i, points, scores in zip(new, *self._points_in_two_passes(image, squares[new])):
            if self._is_face(points, scores):
                again = self._tracks[known[i]] if i in known else None
                self._begin(again, points, scores, float(found[i, 4]))

    def _points_in_two_passes(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """The points in boxes of the detector, from a second pass in the box
        of the first points, which is the box in the next frame."""
        points, scores = self.landmarker.points_in(image, boxes)
        good = [i for i, each in enumerate(zip(points, scores)) if self._is_face(*each)]
        if good:
            points, scores = points.copy(), scores.copy()
            points[good], scores[good] = self._points(image, landmark_bounds(points[good]))
        return points, scores

    def _begin(self, track: _Track | None, points: Array, scores: Array, box_score: float) -> None:
        """Follow a face again that was lost, or a new face if there is no
        track; but not a face that is followed already."""
        here = [t for t in self._tracks if not t.lost]
        if (iou(_square(landmark_bounds(points)[None]), _squares(here)) >= _SAME_IOU).any():
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
    """A face that is followed or lost."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.box_score = 1.0
        self.misses = 0  # detections in a row that missed the face
        self.lost = 0  # frames since the face was lost, 0 if it is followed

    def begin(self, smoothing: Smoothing | None) -> None:
        """Follow the face, with a new smoother."""
        self._smoother = None if smoothing is None else FaceSmoother(smoothing)
        self.lost = self.misses = 0

    def take(self, points: Array, scores: Array, time: float) -> None:
        """Take the points of a frame and smooth them."""
        self.box = landmark_bounds(points)
        if self._smoother is not None:
            points = self._smoother(points, time)
        self.points, self.scores = points, scores

    @property
    def area(self) -> float:
        return float(area(self.box))


def _squares(tracks: list[_Track]) -> Array:
    """The squares around the boxes of the tracks, ``(N, 4)``."""
    return _square(np.reshape([track.box for track in tracks], (-1, 4)))


def _merged(tracks: list[_Track]) -> list[_Track]:
    """Each face once: of tracks that lie on one another, a followed one or
    else the oldest."""
    kept: list[_Track] = []
    for track in sorted(tracks, key=lambda t: (t.lost, t.number)):
        same = iou(_squares([track]), _squares(kept)) >= _SAME_IOU
        if not same.any():
            kept.append(track)
    return kept


def matches(a: Array, b: Array, min_iou: float) -> list[tuple[int, int]]:
    """Pairs of boxes of two lists, matched greedily by their overlap.

    Args:
        a (np.ndarray): ``(N, 4)``, left, top, right and bottom in pixels.
        b (np.ndarray): ``(M, 4)``.
        min_iou (float): Lowest intersection over union.

    Returns:
        list[tuple[int, int]]: Indices into ``a`` and ``b``, the pairs that
        overlap most first; no index occurs twice.
    """
    overlap = iou(a, b)
    pairs = []
    while overlap.size and overlap.max() >= min_iou:
        i, j = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((int(i), int(j)))
        overlap[i], overlap[:, j] = -1, -1
    return pairs
