# SPDX-License-Identifier: Apache-2.0
"""Landmarks of a video or of a webcam, as files."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...inference.faces import Faces
from ...inference.landmarking import Landmarker
from ...inference.tracking import FaceTracker
from ...inference.videos import VIDEO_SUFFIXES, Frame, Video, fit, video_file
from .options import Options, Summary, counted, progress, refuse_to_overwrite
from .outputs import json_list_written_whole, table_written_whole


def landmark_video(
    source: str | int, landmarker: Landmarker, options: Options, made_by: dict[str, Any]
) -> Summary:
    if options.boxes is not None:
        raise ValueError('boxes are for images; the faces of a video are tracked')
    tracker = FaceTracker(landmarker, options.smooth, options.detect_every, options.min_score)
    with Video(source) as video, ExitStack() as files:
        outputs = _VideoOutputs(source, video, landmarker, options, made_by, files)
        total = _smallest_known(video.announced, options.frames)
        bar = files.enter_context(progress())
        task = bar.add_task('landmarks', total=total)
        stop = files.enter_context(_ctrl_c_event(video.live))
        for frame in islice(video, options.frames):
            outputs.add(frame, _track_timed(tracker, frame, outputs.times))
            bar.update(task, advance=1)
            if stop.is_set() or (options.show and outputs.is_closed()):
                break
    return outputs.summary_of(video, tracker, options)


def _smallest_known(*numbers: int | None) -> int | None:
    return min((n for n in numbers if n is not None), default=None)


@contextmanager
def _ctrl_c_event(live: bool) -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that a webcam ends after the frame and its
    results are kept."""
    stop = threading.Event()
    if not live or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _track_timed(tracker: FaceTracker, frame: Frame, times: list[float]) -> Faces:
    started = time.perf_counter()
    found = tracker(frame.image, frame.time, 'bgr')
    times.append(time.perf_counter() - started)
    return found


class _VideoOutputs:
    """The open output files of a video."""

    def __init__(
        self,
        source: str | int,
        video: Video,
        landmarker: Landmarker,
        options: Options,
        made_by: dict[str, Any],
        files: ExitStack,
    ) -> None:
        drawing = options.out
        if drawing.suffix.lower() not in VIDEO_SUFFIXES or drawing.is_dir():
            stem = f'webcam{source}' if video.live else Path(str(source)).stem
            drawing = drawing / f'{stem}.mp4'
        if options.draw and not video.live:
            refuse_to_overwrite(drawing, Path(str(source)))
        paths = [
            drawing,
            options.json or drawing.with_suffix('.json'),
            options.csv or drawing.with_suffix('.csv'),
        ]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._options, self._name = options, video.name
        self._size = video.size
        self.times: list[float] = []  # seconds of each frame
        self.summary = Summary('frame')
        self.summary.files += map(str, paths[not options.draw :])
        self._table = files.enter_context(table_written_whole(paths[2], landmarker.scheme))
        head = dict(
            video=video.name,
            fps=video.fps,
            size=list(video.size),
            scheme=landmarker.scheme.name,
            made_by=dict(made_by, smooth=options.smooth),
        )
        self._frames = files.enter_context(json_list_written_whole(paths[1], head, 'frames'))
        self._drawn = files.enter_context(video_file(drawing, video.fps)) if options.draw else None

    def add(self, frame: Frame, found: Faces) -> None:
        self.summary.count(found)
        faces = [face.to_dict() for face in found]
        seconds = round(frame.time, 4)
        entry: dict[str, Any] = dict(frame=frame.index, time=seconds, faces=faces)
        if found.size and found.size != self._size:
            entry['size'] = list(found.size)
        self._frames.add(entry)
        for face in faces:
            self._table.add(self._name, face, frame.index, seconds)
        if self._drawn or self._options.show:
            drawing = found.draw(low_score=self._options.low_score, boxes=True)
            if self._drawn:
                self._drawn.write(drawing)
            if self._options.show:
                _show(fit(drawing, self._size))

    @staticmethod
    def is_closed() -> bool:
        """Whether the user has pressed q."""
        return cv2.waitKey(1) & 0xFF == ord('q')

    def summary_of(self, video: Video, tracker: FaceTracker, options: Options) -> Summary:
        summary, times = self.summary, np.array(self.times)
        summary.notes.append(
            f'{np.median(times) * 1e3:.1f} ms a frame (median), '
            f'{1 / times.mean():.1f} frames a second, without reading, '
            'drawing and writing; the detector ran in '
            f'{counted(tracker.detections, "frame")}'
        )
        if options.draw:
            summary.notes.append('the drawing has no sound')
        announced = _smallest_known(video.announced, options.frames)
        if announced and summary.done < announced:
            summary.notes.append(
                f'only {summary.done} of {counted(announced, "frame")} '
                f'of {video.name} could be read'
            )
        if self._drawn and self._drawn.fitted:
            summary.notes.append(
                f'{counted(self._drawn.fitted, "frame")} of another size than the '
                'first: drawn at its size; points are in pixels of their own '
                'frame'
            )
        return summary


def _show(image: np.ndarray) -> None:
    try:
        cv2.imshow('mmpose_face', image)
    except cv2.error:
        raise ValueError(
            'OpenCV cannot open a window: leave out --show, or install '
            'opencv-python (not opencv-python-headless) on a machine with a '
            'screen'
        ) from None
