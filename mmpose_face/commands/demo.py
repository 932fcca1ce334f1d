# SPDX-License-Identifier: Apache-2.0
"""The embedded demo: training on synthetic faces, testing and drawing."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from rich.console import Console

from ..engine import FaceRunner
from ..evaluation import Scores, SubsetNME, format_table, inter_ocular, nme
from ..evaluation.functional import face_errors, normalized_errors
from ..images.writing import write_image
from ..visualization import contact_sheet, draw_landmarks, plot_ced, subset_curves

_PROGRESS_INTERVAL = 5.0  # seconds between two lines of progress
_FACES = 6  # faces of each subset in the sheet


def run_demo(cfg: Config, work_dir: Path, console: Console | None = None) -> dict[str, float]:
    """Train and test a config with the metric ``SubsetNME``, and draw results.

    Writes into ``work_dir`` the files of MMEngine (checkpoint, scalars) and of
    the metric (``metrics.json``, ``per_face.json``, ``predictions.json``),
    ``faces.png`` with predictions on faces of each subset, and ``ced.png``
    with the error curves of the subsets.

    Args:
        cfg (Config): A config of synthetic faces.
        work_dir (Path): Folder to write to; created if missing.
        console (Console, optional): Where to print the progress. Defaults to
            the standard output.

    Returns:
        dict[str, float]: The metrics of the test, and ``mean_face/NME``: the
        NME in per cent of the mean face of the test set, put into each box.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    cfg = _prepare(cfg, work_dir)
    with warnings.catch_warnings(), _one_core_for_the_workers():
        warnings.simplefilter('ignore')
        runner = FaceRunner.from_cfg(cfg)
        runner.register_hook(Progress(console), 'LOWEST')
        runner.train()
        metrics = runner.test()
    metric = runner.test_evaluator.metrics[0]
    mean_face = mean_face_nme(metric.scores)
    _draw(runner.test_dataloader.dataset, metric, work_dir)
    _report(console, format_table(metric.table), mean_face, work_dir)
    return {**metrics, 'mean_face/NME': mean_face}


def _report(console: Console, table: str, mean_face: float, work_dir: Path) -> None:
    console.print(f'\n{table}\n', markup=False)
    console.print(
        'In per cent of the distance between the outer eye corners. The mean '
        f'face put into each box has NME {mean_face:.2f}.'
    )
    for name in ('faces.png', 'ced.png', 'metrics.json'):
        console.print(f'  {work_dir / name}', markup=False)


@contextmanager
def _one_core_for_the_workers() -> Iterator[None]:
    """Leave a core to the loaders: torch's threads keep their cores busy even
    while they wait."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before - 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _prepare(cfg: Config, work_dir: Path) -> Config:
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(work_dir)
    cfg.setdefault('randomness', dict(seed=0))
    cfg.default_hooks.checkpoint.update(max_keep_ckpts=1, save_best=None)
    # No validation: there is one test, after the training.
    cfg.train_cfg.val_begin = cfg.train_cfg.max_epochs + 1
    cfg.test_evaluator.update(out_dir=str(work_dir))
    # The Progress hook prints what a beginner needs.
    cfg.log_level = 'ERROR'
    return cfg


class Progress(Hook):
    """Prints the progress every few seconds."""

    def __init__(self, console: Console):
        self.console = console
        self._started = self._said = time.monotonic()

    def before_train(self, runner) -> None:
        loader = runner.train_dataloader
        self.console.print(
            f'training {runner.max_epochs} epochs of {len(loader.dataset)} '
            f'synthetic faces, {runner.max_iters} iterations'
        )
        self._started = time.monotonic()

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: Any, outputs: dict[str, Any]
    ) -> None:
        done = runner.iter + 1
        if self._quiet() and done < runner.max_iters:
            return
        passed = time.monotonic() - self._started
        left = passed / done * (runner.max_iters - done)
        self.console.print(
            f'  epoch {runner.epoch + 1}/{runner.max_epochs}  iteration '
            f'{done:4}/{runner.max_iters}  loss {float(outputs["loss"]):.3f}'
            f'  {_clock(passed)} passed, {_clock(left)} left'
        )

    def before_test(self, runner) -> None:
        faces = len(runner.test_dataloader.dataset)
        self.console.print(f'testing on {faces} faces of another seed')

    def after_test_iter(self, runner, batch_idx: int, data_batch: Any, outputs: Any) -> None:
        batches = len(runner.test_dataloader)
        if not self._quiet() or batch_idx + 1 == batches:
            self.console.print(f'  batch {batch_idx + 1:3}/{batches}')

    def _quiet(self) -> bool:
        """Whether the last line is recent; if not, the caller prints one now."""
        now = time.monotonic()
        if now - self._said < _PROGRESS_INTERVAL:
            return True
        self._said = now
        return False


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f'{minutes}:{seconds:02}'


def mean_face_nme(scores: Scores) -> float:
    """NME of the mean of all true faces, put into each box.

    Args:
        scores (Scores): The scores of a test; all points are labelled.

    Returns:
        float: Per cent of the distance of the outer eye corners.
    """
    low, high = scores.boxes[:, None, :2], scores.boxes[:, None, 2:]
    center, side = (low + high) / 2, high - low
    mean = ((scores.truth - center) / side).mean(0) * side + center
    norm = inter_ocular(scores.truth, scores.scheme)
    return 100 * nme(face_errors(normalized_errors(mean, scores.truth, norm)))


def _draw(dataset: BaseDataset, metric: SubsetNME, work_dir: Path) -> None:
    scores = metric.scores
    members = {name: np.flatnonzero(scores.members(name)).tolist() for name in metric.subsets}
    plot_ced(subset_curves(scores, metric.subsets), metric.threshold, work_dir / 'ced.png')
    write_image(work_dir / 'faces.png', _sheet(dataset, scores, members))


def _sheet(dataset: BaseDataset, scores: Scores, members: dict[str, list[int]]) -> np.ndarray:
    """Predictions on some faces of each subset, a row for each subset."""
    tiles: list[np.ndarray] = []
    shown: set[int] = set()
    for name, of in members.items():
        # Prefer faces that no row above shows.
        chosen = sorted(of, key=shown.__contains__)[:_FACES]
        shown.update(chosen)
        images = [dataset.get_data_info(scores.ids[i])['img'] for i in chosen]
        drawn = [
            draw_landmarks(image, scores.predicted[i], scores.scheme)
            for image, i in zip(images, chosen)
        ]
        blank = np.full_like(dataset.get_data_info(0)['img'], 255)
        tiles += [_label(blank, name), *drawn]
        tiles += [blank] * (_FACES - len(drawn))
    return contact_sheet(tiles, _FACES + 1)


def _label(blank: np.ndarray, text: str) -> np.ndarray:
    tile = blank.copy()
    size = len(tile) / 320
    cv2.putText(
        tile,
        text,
        (int(14 * size), len(tile) // 2),
        cv2.FONT_HERSHEY_SIMPLEX,
        1.4 * size,
        (60, 60, 60),
        max(1, round(2 * size)),
        cv2.LINE_AA,
    )
    return tile
