# SPDX-License-Identifier: Apache-2.0
"""The same row of the zoo twice: from our config and from MMPose's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import mmpose
import torch
from mmengine.config import Config

from mmpose_face.datasets import Benchmark
from mmpose_face.zoo import find_row
from mmpose_face.zoo.metafiles import project_root

from . import DARK, PARTS
from .made_faces import write_faces
from .timing import MMPOSE, OURS, Clock


@dataclass(frozen=True)
class Options:
    """The options of the script, which says what they are.

    Raises:
        ValueError: If torch does not find the device.
    """

    out: Path
    parts: tuple[str, ...] = tuple(PARTS)
    row: str = DARK
    device: str = 'cpu'
    threads: int | None = None
    rounds: int = 5
    clock: Clock = 'wall'
    batch: int | None = None
    faces: int = 128

    def __post_init__(self) -> None:
        if self.on_gpu and not torch.cuda.is_available():
            raise ValueError(f'--device {self.device}: torch finds no GPU')

    @property
    def on_gpu(self) -> bool:
        """Whether networks and codecs run on a GPU."""
        return self.device != 'cpu'


def configs(row: str) -> dict[str, Config]:
    """The configs of a row, without weights to start from.

    Args:
        row (str): Name of the row, short or long.

    Returns:
        dict[str, Config]: Our config and MMPose's own of the same name, from
        its wheel, by side.

    Raises:
        ValueError: If there is no such row, or MMPose has no config of it.
    """
    ours = find_row(row).config
    theirs = Path(mmpose.__file__).parent / '.mim' / ours.relative_to(project_root())
    if not theirs.is_file():
        raise ValueError(f'--row {row}: expected a row that MMPose has, too')
    # Formatting the text of a config for the log takes seconds. MMPose's is
    # first: MMEngine's current message hub is that of the last runner.
    found = {
        side: Config.fromfile(path, format_python_code=False)
        for side, path in ((MMPOSE, theirs), (OURS, ours))
    }
    for cfg in found.values():
        cfg.model.backbone.pop('init_cfg', None)
    return found


def configs_with_faces(options: Options) -> dict[str, Config]:
    """The configs of the chosen row on images that are made up.

    Args:
        options (Options): What is asked for.

    Returns:
        dict[str, Config]: By side; training and test have the same faces.
    """
    found = configs(options.row)
    root = options.out / 'data'
    _write_faces_once(root, options.faces, find_row(options.row).benchmark.benchmark)
    for cfg in found.values():
        for loader in (cfg.train_dataloader, cfg.test_dataloader):
            loader.update(num_workers=0, persistent_workers=False)
            loader.dataset.update(
                data_root=f'{root}/', ann_file='faces.json', data_prefix=dict(img='images/')
            )
    return found


@lru_cache(maxsize=1)
def _write_faces_once(root: Path, faces: int, benchmark: Benchmark) -> None:
    """Several parts take the same faces."""
    write_faces(root, faces, benchmark.scheme.num_points, benchmark.columns)
