# SPDX-License-Identifier: Apache-2.0
"""Where a training that was stopped goes on."""
import copy
import re
import zipfile
from pathlib import Path
from typing import Iterator, Optional

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader


def newest_checkpoint(work_dir: str) -> Optional[str]:
    """The checkpoint to go on from.

    That is the one that the file ``last_checkpoint`` names, looked for in the
    work dir itself first, since the folder may have been moved or copied. If
    it is gone or not complete, the one written last.

    Args:
        work_dir (str): The folder of the run.

    Returns:
        str | None: None where there is no complete checkpoint.
    """
    for path in _candidates(Path(work_dir)):
        if path.is_file() and zipfile.is_zipfile(path):
            return str(path)
    return None


def _candidates(work_dir: Path) -> Iterator[Path]:
    pointer = work_dir / 'last_checkpoint'
    named = pointer.read_text().strip() if pointer.is_file() else ''
    if named:
        yield work_dir / Path(named).name
        yield Path(named)
    numbered = [
        path for path in work_dir.glob('*.pth')
        # The best ones hold weights only.
        if re.match(r'(?!best_).*_\d+\.pth', path.name)
    ]
    yield from sorted(
        numbered, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def resumed(cfg: Config, path: Optional[str] = None) -> Config:
    """The config of a run that goes on where another stopped.

    Args:
        cfg (Config): Runner config.
        path (str, optional): The checkpoint to go on from; without it, the
            newest of the work dir, and where that has none, the run starts
            from the beginning.

    Returns:
        Config: A changed copy, with the seed of the checkpoint, which the
        loaders are built with before MMEngine reads it.
    """
    cfg = copy.copy(cfg)
    path = path or newest_checkpoint(cfg['work_dir'])
    cfg['resume'] = path is not None
    if path is None:
        print_log(
            f'no checkpoint to resume in {cfg["work_dir"]}: the training '
            'starts from the beginning',
            logger='current')
        return cfg
    cfg['load_from'] = path
    meta = CheckpointLoader.load_checkpoint(path, 'cpu').get('meta', {})
    if 'seed' in meta:
        cfg['randomness'] = dict(cfg.get('randomness', {}), seed=meta['seed'])
    return cfg
