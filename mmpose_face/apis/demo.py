# SPDX-License-Identifier: Apache-2.0
"""The embedded default: train on synthetic faces, measure, look."""
import copy
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from rich.console import Console
from torch.utils.data import Dataset

from ..datasets.image_files import write_png
from ..engine import FaceRunner
from ..evaluation import evaluate_subsets, format_table
from ..evaluation.functional import (face_errors, nme, normalized_errors,
                                     point_distance)
from ..landmarks import Scheme, scheme_of
from ..visualization import contact_sheet, draw_landmarks, plot_ced

_EVERY = 5.  # seconds between two lines of progress
_FACES = 6  # of each subset in the sheet


def run_demo(cfg: Config,
             work_dir: Path,
             console: Optional[Console] = None) -> Dict[str, float]:
    """Train and test a config whose metric is ``SubsetNME``, and draw.

    Writes into ``work_dir`` what MMEngine writes (checkpoint, scalars) and
    ``metrics.json``, ``per_face.json``, ``faces.png`` with predictions on
    faces of each subset and ``ced.png`` with their error curves.

    Args:
        cfg (Config): A config of synthetic faces.
        work_dir (Path): Where to write; it is made.
        console (Console, optional): Where to say what goes on. Defaults to
            the standard output.

    Returns:
        dict[str, float]: The metrics of the test, and ``mean_face/NME``: the
        per cent that the mean face of the test set has in its place.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    cfg = _prepare(cfg, work_dir)
    progress, faces = Progress(console), KeepFaces()
    with warnings.catch_warnings(), _one_core_for_the_workers():
        warnings.simplefilter('ignore')
        runner = FaceRunner.from_cfg(cfg)
        for hook in (progress, faces):
            runner.register_hook(hook, 'LOWEST')
        runner.train()
        metrics = runner.test()
    scheme = scheme_of(
        runner.test_dataloader.dataset.metainfo['keypoint_id2name'].values())
    errors = _errors(faces.predicted, faces.truth, scheme)
    mean_face = 100 * nme(_errors(faces.mean_face(), faces.truth, scheme))
    table = evaluate_subsets(errors, faces.subsets, cfg.test_evaluator.subsets,
                             cfg.test_evaluator.threshold)
    _draw(runner, faces, errors, scheme, work_dir)
    _report(console, format_table(table), mean_face, work_dir)
    return {**metrics, 'mean_face/NME': mean_face}


def _report(console: Console, table: str, mean_face: float,
            work_dir: Path) -> None:
    console.print(f'\n{table}\n', markup=False)
    console.print(
        'In per cent of the distance between the outer eye corners. The mean '
        f'face put into each box has NME {mean_face:.2f}.')
    for name in ('faces.png', 'ced.png', 'metrics.json'):
        console.print(f'  {work_dir / name}', markup=False)


@contextmanager
def _one_core_for_the_workers() -> Iterator[None]:
    """torch's threads wait for each other without rest, and would keep the
    loaders from drawing faces."""
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
    # The test comes after the training, once.
    cfg.train_cfg.val_begin = cfg.train_cfg.max_epochs + 1
    cfg.test_evaluator.update(out_dir=str(work_dir))
    # What a beginner needs to see is said by Progress.
    cfg.log_level = 'ERROR'
    return cfg


class Progress(Hook):
    """Says every few seconds where the work is."""

    def __init__(self, console: Console):
        self.console = console
        self._started = self._said = time.monotonic()

    def before_train(self, runner) -> None:
        loader = runner.train_dataloader
        self.console.print(
            f'training {runner.max_epochs} epochs of {len(loader.dataset)} '
            f'synthetic faces, {runner.max_iters} iterations')
        self._started = time.monotonic()

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs: Optional[dict] = None) -> None:
        done = runner.iter + 1
        if self._quiet() and done < runner.max_iters:
            return
        passed = time.monotonic() - self._started
        left = passed / done * (runner.max_iters - done)
        self.console.print(
            f'  epoch {runner.epoch + 1}/{runner.max_epochs}  iteration '
            f'{done:4}/{runner.max_iters}  loss {float(outputs["loss"]):.3f}'
            f'  {_clock(passed)} passed, {_clock(left)} left')

    def before_test(self, runner) -> None:
        faces = len(runner.test_dataloader.dataset)
        self.console.print(f'testing on {faces} faces of another seed')

    def after_test_iter(self, runner, batch_idx: int, data_batch,
                        outputs) -> None:
        batches = len(runner.test_dataloader)
        if not self._quiet() or batch_idx + 1 == batches:
            self.console.print(f'  batch {batch_idx + 1:3}/{batches}')

    def _quiet(self) -> bool:
        """Whether something was said a moment ago."""
        now = time.monotonic()
        if now - self._said < _EVERY:
            return True
        self._said = now
        return False


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f'{minutes}:{seconds:02}'


class KeepFaces(Hook):
    """Keeps the points of every face of a test."""

    def __init__(self) -> None:
        self._rows: List[dict] = []

    def after_test_iter(self, runner, batch_idx: int, data_batch,
                        outputs: Sequence) -> None:
        for sample in outputs:
            self._rows.append(
                dict(
                    id=sample.id,
                    subsets=sample.subsets,
                    center=sample.input_center,
                    scale=sample.input_scale,
                    predicted=sample.pred_instances.keypoints[0],
                    truth=sample.gt_instances.keypoints[0]))

    def _column(self, name: str) -> np.ndarray:
        return np.array([row[name] for row in self._rows], np.float64)

    @property
    def ids(self) -> List[int]:
        return [row['id'] for row in self._rows]

    @property
    def subsets(self) -> List[Sequence[str]]:
        return [row['subsets'] for row in self._rows]

    @property
    def predicted(self) -> np.ndarray:
        """Points ``(N, K, 2)`` in pixels."""
        return self._column('predicted')

    @property
    def truth(self) -> np.ndarray:
        """Points ``(N, K, 2)`` in pixels."""
        return self._column('truth')

    def mean_face(self) -> np.ndarray:
        """The mean of all true faces, put into the box of each
        ``(N, K, 2)``."""
        center = self._column('center').reshape(-1, 1, 2)
        scale = self._column('scale').reshape(-1, 1, 2)
        return ((self.truth - center) / scale).mean(0) * scale + center


def _errors(predicted: np.ndarray, truth: np.ndarray,
            scheme: Scheme) -> np.ndarray:
    norm = point_distance(truth, *scheme.normalizer_indices)
    return face_errors(normalized_errors(predicted, truth, norm))


def _draw(runner: FaceRunner, faces: KeepFaces, errors: np.ndarray,
          scheme: Scheme, work_dir: Path) -> None:
    evaluator = runner.cfg.test_evaluator
    members = {
        name: [i for i, s in enumerate(faces.subsets) if name in s]
        for name in evaluator.subsets
    }
    curves = {name: errors[of] for name, of in members.items() if of}
    plot_ced(curves, evaluator.threshold, work_dir / 'ced.png')
    sheet = _sheet(runner.test_dataloader.dataset, faces, members, scheme)
    write_png(work_dir / 'faces.png', sheet)


def _sheet(dataset: Dataset, faces: KeepFaces, members: Dict[str, List[int]],
           scheme: Scheme) -> np.ndarray:
    """Predictions on some faces of each subset, a row for each."""
    tiles, shown = [], set()
    for name, of in members.items():
        # Faces of rows above come last.
        chosen = sorted(of, key=shown.__contains__)[:_FACES]
        shown.update(chosen)
        images = [dataset.get_data_info(faces.ids[i])['img'] for i in chosen]
        drawn = [
            draw_landmarks(image, faces.predicted[i], scheme)
            for image, i in zip(images, chosen)
        ]
        blank = np.full_like(dataset.get_data_info(0)['img'], 255)
        tiles += [_label(blank, name), *drawn]
        tiles += [blank] * (_FACES - len(drawn))
    return contact_sheet(tiles, _FACES + 1)


def _label(blank: np.ndarray, text: str) -> np.ndarray:
    tile = blank.copy()
    size = len(tile) / 320
    cv2.putText(tile, text, (int(14 * size), len(tile) // 2),
                cv2.FONT_HERSHEY_SIMPLEX, 1.4 * size, (60, 60, 60),
                max(1, round(2 * size)), cv2.LINE_AA)
    return tile
