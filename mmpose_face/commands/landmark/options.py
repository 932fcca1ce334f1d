# SPDX-License-Identifier: Apache-2.0
"""The options of the command ``landmark`` and the summary that it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...inference.faces import LOW_SCORE


@dataclass(frozen=True)
class Options:
    """The outputs of ``landmark``.

    Args:
        out (Path): A folder; for an image or a video also the file of the
            drawing.
        json (Path, optional): JSON file of all results. Defaults to a file
            beside the drawing.
        csv (Path, optional): Table of all results. Defaults to a file beside
            the drawing.
        draw (bool): Whether to draw. Defaults to True.
        low_score (float): Points with a lower score are drawn hollow.
            Defaults to 0.3.
        smooth (bool): Whether the landmarks of a video are smoothed. Defaults
            to True.
        detect_every (int): Frames of a video between two runs of the
            detector. Defaults to 30.
        min_score (float): A face of a video is lost when the mean score of
            its points is lower. Defaults to 0.3.
        frames (int, optional): Most frames to read of a video.
        show (bool): Whether to show a video in a window, too.
        boxes (Path, optional): JSON file with the boxes of the faces: a list
            for an image; for a folder, an object from each image's path in
            the folder to such a list.
    """

    out: Path
    json: Path | None = None
    csv: Path | None = None
    draw: bool = True
    low_score: float = LOW_SCORE
    smooth: bool = True
    detect_every: int = 30
    min_score: float = 0.3
    frames: int | None = None
    show: bool = False
    boxes: Path | None = None


@dataclass
class Summary:
    """The result of ``landmark`` in numbers.

    Attributes:
        what (str): ``'image'`` or ``'frame'``.
        done (int): Number of images or frames.
        faces (int): Number of faces on them.
        empty (int): Number of images or frames without a face.
        skipped (int): Images whose results existed already.
        seconds (float): Total time.
        files (list[str]): The written files.
        notes (list[str]): Further lines for the user.
        failures (list[str]): An error for each image that has no result.
    """

    what: str
    done: int = 0
    faces: int = 0
    empty: int = 0
    skipped: int = 0
    seconds: float = 0.0
    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def count(self, faces: Sequence) -> None:
        self.done += 1
        self.faces += len(faces)
        self.empty += not faces

    def __str__(self) -> str:
        found = (
            f'{counted(self.done, self.what)} in {self.seconds:.1f} s, '
            f'{counted(self.faces, "face")}'
        )
        if self.empty:
            found += f', {counted(self.empty, self.what)} without a face'
        if self.skipped:
            found += f'; {counted(self.skipped, self.what)} skipped, with results of an earlier run'
        return '\n'.join((found, *self.notes))


def counted(number: int, what: str) -> str:
    """A number and its noun, such as ``1 face`` and ``2 faces``."""
    return f'{number} {what}{"" if number == 1 else "s"}'


def progress() -> Progress:
    """A progress bar with the number of items, on the error stream."""
    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def refuse_to_overwrite(out: Path, source: Path) -> None:
    """Raise a ``ValueError`` if a drawing would be written over its input."""
    if out.exists() and source.exists() and out.samefile(source):
        raise ValueError(f'{out} is the input itself: choose another --out')
