# SPDX-License-Identifier: Apache-2.0
"""What a benchmark is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .timing import Clock

PLAIN = 'td-hm_hrnetv2-w18_8xb64-60e_wflw-256x256'
DARK = 'td-hm_hrnetv2-w18_dark-8xb64-60e_wflw-256x256'


@dataclass(frozen=True)
class Options:
    """What a benchmark is asked for.

    Args:
        folder (Path): For images, checkpoints and logs.
        device (str): Where networks, codecs and preprocessing run.
        threads (int, optional): Of torch and OpenCV. Defaults to what they
            are set to.
        rounds (int): Timings of each way.
        row (str): The row of the zoo whose network is timed.
        batch (int, optional): Faces in a batch of a network. Defaults to 64
            for training and 32 for testing on a GPU, and to 4 on a CPU.
        faces (int): Faces of a data set on disk.
        clock (str): Of what runs in this process: ``'wall'``, or ``'cpu'``
            for the seconds that its threads were at work.
        variants (tuple[str]): Switches of our networks to time as well, each
            as :func:`~mmpose_face.apis.benchmark.changes_of` takes it.
    """

    folder: Path
    device: str = 'cpu'
    threads: int | None = None
    rounds: int = 7
    row: str = DARK
    batch: int | None = None
    faces: int = 128
    clock: Clock = 'wall'
    variants: tuple[str, ...] = ()

    def network_batch(self, training: bool) -> int:
        """Faces in a batch of a network."""
        if self.batch is not None:
            return self.batch
        if self.device == 'cpu':
            return 4
        return 64 if training else 32
