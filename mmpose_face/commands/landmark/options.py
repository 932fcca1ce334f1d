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
    """What is to be written.

    Args:
        out (Path): A folder; or for an image or a video the file of the
            drawing.
        json (Path, optional): Where all results go as JSON. Defaults to a
            file beside the drawing.
        csv (Path, optional): Where they go as a table. Defaults to a file
            beside the drawing.
        draw (bool): Whether to draw. Defaults to True.
        low_score (float): Points with a lower score are drawn hollow.
            Defaults to 0.3.
        smooth (bool): Whether a video is smoothed. Defaults to True.
        detect_every (int): Frames of a video between two looks of the
            detector. Defaults to 30.
        min_score (float): Below that mean score of its points a face of a
            video is lost. Defaults to 0.3.
        frames (int, optional): Most frames of a video.
        show (bool): Whether to show a video in a window, too.
        boxes (Path, optional): JSON file with the boxes of the faces: a list
            for an image; for a folder, such a list for each image's path in
            it.
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
    """What was done.

    Attributes:
        what (str): ``'image'`` or ``'frame'``.
        done (int): How many.
        faces (int): Faces on them.
        empty (int): How many of them have none.
        skipped (int): Images whose results were there.
        seconds (float): All the time it took.
        files (list[str]): What was written.
        notes (list[str]): What else is to be known.
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
            found += f'; {counted(self.skipped, self.what)} skipped, whose results were there'
        return '\n'.join((found, *self.notes))


def counted(number: int, what: str) -> str:
    """Such as ``1 face`` and ``2 faces``."""
    return f'{number} {what}{"" if number == 1 else "s"}'


def progress() -> Progress:
    """A bar of how many are done, on the error stream."""
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
