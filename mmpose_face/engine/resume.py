# SPDX-License-Identifier: Apache-2.0
"""The checkpoint from which a stopped training resumes."""

from __future__ import annotations

import copy
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader


def newest_checkpoint(work_dir: str) -> str | None:
    """The checkpoint to resume from.

    That is the checkpoint that the file ``last_checkpoint`` names; it is
    first looked for in the work dir itself, which may have been moved or
    copied. If it is missing or incomplete, the newest complete one is taken.

    Args:
        work_dir (str): The folder of the run.

    Returns:
        str | None: None if there is no complete checkpoint.
    """
    pointer = Path(work_dir, 'last_checkpoint')
    named = pointer.read_text().strip() if pointer.is_file() else ''
    if '://' in named:  # MMEngine's backends read it
        return named
    for path in _candidates(Path(work_dir), named):
        # DeepSpeed's checkpoints are folders.
        if path.is_dir() or path.is_file() and zipfile.is_zipfile(path):
            return str(path)
    return None


def _candidates(work_dir: Path, named: str) -> Iterator[Path]:
    if named:
        yield work_dir / Path(named).name
        yield Path(named)
    numbered = [
        path
        for path in work_dir.glob('*.pth')
        # The best checkpoints hold weights only.
        if re.match(r'(?!best_).*_\d+\.pth', path.name)
    ]
    yield from sorted(numbered, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def resumed(cfg: Config) -> Config:
    """The config of a run that resumes another.

    If the work dir has no checkpoint yet, the run starts from the beginning,
    with the weights of ``load_from``.

    Args:
        cfg (Config): Runner config. ``resume`` is the checkpoint to resume
            from, or ``'auto'`` for the newest of the work dir, or True for
            ``load_from`` or, if that is not set, the newest.

    Returns:
        Config: A changed copy. It has the seed of the checkpoint, because
        loaders are built before MMEngine reads the checkpoint.
    """
    cfg = copy.copy(cfg)
    path = cfg['resume']
    if path is True:
        path = cfg.get('load_from')
    if path in (None, 'auto'):
        path = newest_checkpoint(cfg['work_dir'])
    cfg['resume'] = path is not None
    if path is None:
        work_dir = cfg['work_dir']
        print_log(
            f'no checkpoint to resume in {work_dir}: the training starts from the beginning',
            logger='current',
        )
    else:
        cfg['load_from'] = path
        cfg['randomness'] = _with_seed_of(path, cfg.get('randomness', {}))
    return cfg


def _with_seed_of(path: str, randomness: dict) -> dict:
    meta = CheckpointLoader.load_checkpoint(path, 'cpu').get('meta', {})
    given = randomness.get('seed')
    seed = meta.get('seed', given)
    if given not in (None, seed):
        print_log(f'the seed is that of the checkpoint, {seed}, not {given}', logger='current')
    return dict(randomness, seed=seed)
