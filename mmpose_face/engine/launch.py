# SPDX-License-Identifier: Apache-2.0
"""The work of ``tools/train.py`` and ``tools/test.py``.

The command line and its effect on the config are those of the installed
MMPose's scripts; :func:`train` and :func:`test` name the differences.
"""

from __future__ import annotations

import argparse
import copy
import difflib
import gc
import logging
import os
import os.path as osp
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

import mmengine
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from ..compat import cpu_processes
from ..downloads import DownloadError
from ..evaluation import SubsetNME
from ..files import DISK_FULL, written_whole
from ..mmpose_scripts import parse_test, parse_train, script_path
from .config_options import check_options
from .fast_path import has_switches
from .orphans import end_with_parent
from .resume import newest_checkpoint
from .runner import FaceRunner


def train(args: argparse.Namespace | None = None) -> None:
    """Train as MMPose's ``tools/train.py`` does, on GPUs or without one.

    Args:
        args (Namespace, optional): Arguments as of
            :func:`~mmpose_face.mmpose_scripts.parse_train`. Defaults to those
            of the command line.
    """
    args = copy.copy(args or parse_train())
    script = _mmpose_script('train')
    # MMPose's --resume would drop the config's initial weights (load_from).
    resume, args.resume = args.resume, None
    with _errors_in_one_line():
        cfg = _load_config(args.config)
        fast = (args.cfg_options or {}).get('fast', cfg.get('fast', True))
        # MMEngine's AMP scales the losses, waits for the device to see whether
        # they overflow, and runs only on GPUs.
        if args.amp and fast and has_switches(cfg.model):
            args.amp = False
            cfg.merge_from_dict({'model.network.amp': True})
        check_options(cfg, args.cfg_options)
        cfg = script['merge_args'](cfg, args)
        cfg.resume = resume or cfg.get('resume')
        _check_writable(cfg.work_dir)
        if cfg.launcher == 'pytorch':
            end_with_parent()
        with cpu_processes(cfg.launcher), _full_disk_explained(cfg.work_dir):
            FaceRunner.from_cfg(cfg).train()


def test(
    report: Callable[[FaceRunner, SubsetNME, str], None],
    test_boxes: Callable[[FaceRunner, str], None],
    args: argparse.Namespace | None = None,
) -> None:
    """Test as MMPose's ``tools/test.py`` does; a checkpoint that does not
    fit the model is an error.

    Args:
        report (Callable): Called for ``--report`` after the test, in the main
            process, with the runner, its metric and the folder:
            :func:`~mmpose_face.visualization.report_test`.
        test_boxes (Callable): Called for ``--box-robustness`` in place of the
            test, with the runner and the folder; ends with the plain test:
            :func:`~mmpose_face.commands.box_robustness.test_boxes`.
        args (Namespace, optional): Arguments as of
            :func:`~mmpose_face.mmpose_scripts.parse_test`. Defaults to those
            of the command line.
    """
    args = args or parse_test()
    script = _mmpose_script('test')
    with _errors_in_one_line():
        _check_suffixes(args)
        cfg = _load_config(args.config)
        check_options(cfg, args.cfg_options)
        cfg = script['merge_args'](cfg, args)
        _check_writable(cfg.work_dir)
        report_dir = _output_folder(args, 'report', cfg.work_dir)
        boxes_dir = _output_folder(args, 'box_robustness', cfg.work_dir)
        with cpu_processes(cfg.launcher):
            runner = FaceRunner.from_cfg(cfg)
            if args.out:
                runner.register_hook(_SaveMetrics(args.out), 'LOWEST')
            metric = _find_subset_metric(runner)
            if report_dir is not None:
                metric = subset_metric(runner, '--report')
            if metric is not None:
                # Nobody has to repeat a test to get the files of the metric.
                metric.out_dir = metric.out_dir or report_dir or runner.log_dir
            if boxes_dir is None:
                runner.test()
            else:
                test_boxes(runner, boxes_dir)
            if metric and report_dir is not None and runner.rank == 0:
                report(runner, metric, report_dir)


def _check_suffixes(args: argparse.Namespace) -> None:
    """Refuse unknown suffixes of output files before the test starts."""
    for option, suffixes in (
        ('out', ('.json', '.yaml', '.yml', '.pkl', '.pickle')),
        ('dump', ('.pkl', '.pickle')),
    ):
        path = getattr(args, option)
        if path and osp.splitext(path)[1] not in suffixes:
            raise ValueError(
                f'--{option} {path}: expected a name that ends in {" or ".join(suffixes)}'
            )


def _output_folder(args: argparse.Namespace, option: str, work_dir: str) -> str | None:
    """The folder that an option writes to, created; None without the option."""
    folder = getattr(args, option)
    if folder is None:
        return None
    folder = folder or osp.join(work_dir, option)
    flag = f'--{option.replace("_", "-")}'
    _check_writable(folder, f'folder of {flag}', flag)
    return folder


def subset_metric(runner: Runner, needed_by: str) -> SubsetNME:
    """The metric ``SubsetNME`` of a runner's test.

    Raises:
        ValueError: If the test has none; the message names ``needed_by`` and
            the metrics that it has.
    """
    metric = _find_subset_metric(runner)
    if metric is None:
        names = ', '.join(type(other).__name__ for other in runner.test_evaluator.metrics)
        raise ValueError(
            f"{needed_by} needs the metric SubsetNME in the config's test_evaluator, got {names}"
        )
    return metric


def _find_subset_metric(runner: Runner) -> SubsetNME | None:
    metrics = runner.test_evaluator.metrics
    return next((metric for metric in metrics if isinstance(metric, SubsetNME)), None)


class _SaveMetrics(Hook):
    """Writes the metrics of a test to ``--out``."""

    def __init__(self, path: str):
        self.path = path

    def after_test_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        if runner.rank == 0:
            suffix = osp.splitext(self.path)[1].lstrip('.')
            with written_whole(self.path) as partial:
                mmengine.dump(metrics, partial, file_format=suffix)


def _mmpose_script(name: str) -> dict[str, Any]:
    """The names that MMPose's script ``tools/<name>.py`` defines."""
    return runpy.run_path(str(script_path(name)))


def _load_config(path: str) -> Config:
    if osp.isfile(path):
        return Config.fromfile(path)
    folder = Path(path).parent
    names = [p.name for p in folder.glob('*.py')] if folder.is_dir() else []
    close = difflib.get_close_matches(Path(path).name, names, n=3, cutoff=0.6)
    hint = f'; did you mean {" or ".join(close)}?' if close else ''
    raise FileNotFoundError(f'config {path} not found{hint}')


def _check_writable(folder: str, what: str = 'work dir', option: str = '--work-dir') -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise PermissionError(
            f'cannot write to the {what} {folder}: {error.strerror}; choose another with {option}'
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f'no permission to write to the {what} {folder}; choose another with {option}'
        )


class _DiskFullError(OSError):
    """A full disk; the message says what to do."""


@contextmanager
def _full_disk_explained(work_dir: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        checkpoint = newest_checkpoint(work_dir)
        kept = 'there is no checkpoint yet'
        if checkpoint:
            kept = f'the last good checkpoint is {checkpoint}'
        raise _DiskFullError(
            f'disk full: could not write {error.filename or "to " + work_dir} '
            f'({error.strerror}); {kept}; free some space and start again '
            'with --resume'
        ) from error


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    """Show errors that the user can correct as one line; the traceback goes to
    the run's log file."""
    # Logging to a full disk must not print a traceback.
    before, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        yield
    except (FileNotFoundError, PermissionError, ValueError, DownloadError, _DiskFullError) as error:
        _log_traceback()
        message = str(error)
        _end_workers()
        if 'in DataLoader worker process' in message:
            # The message is the worker's traceback; its last line is the error.
            message = message.strip().splitlines()[-1].partition(': ')[2]
        sys.exit(f'error: {message}')
    finally:
        logging.raiseExceptions = before


def _end_workers() -> None:
    """End the loaders' workers, so that none prints a warning below the message.

    Not by the garbage collector: it closes a loader's queues before the
    loader asks its workers to end, and each worker is then waited for in vain.
    """
    for each in gc.get_objects():
        if type(each) is _MultiProcessingDataLoaderIter:
            each._shutdown_workers()


def _log_traceback() -> None:
    logger = MMLogger.get_current_instance()
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(
                logger.makeRecord(
                    logger.name, logging.ERROR, __file__, 0, traceback.format_exc(), (), None
                )
            )
