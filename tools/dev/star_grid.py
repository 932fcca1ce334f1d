# SPDX-License-Identifier: Apache-2.0
"""Train one small network with STAR loss and with its baselines, on 300-W.

    python tools/prepare_data.py 300w --raw RELEASE --out data/300w --partial
    python tools/dev/star_grid.py --work-dir work_dirs/star --seeds 0 1 2

Network, head, schedule and seeds are the same for all; the last epoch counts.
Runs that have ended are not repeated.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, Optional, Tuple

from mmengine.config import Config

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.apis.comparison import compare_systems, format_comparison
from mmpose_face.evaluation import load_scores
from mmpose_face.evaluation.table import markdown_table

REPO = Path(__file__).resolve().parents[2]
CONFIG = REPO / 'configs/face_2d_keypoint/topdown_regression/300w' \
    / 'td-reg_res18_starloss_1xb16-20e_300w-128x128.py'


def on_means(loss: str) -> dict:
    """A loss of MMPose on coordinates, in pixels of the crop of 128."""
    return dict(
        type='SoftArgmaxLoss',
        scale=64.,
        loss=dict(type=loss, use_target_weight=True))


MAHALANOBIS = dict(type='STARLoss')
PER_AXIS = dict(type='STARLoss', mode='per_axis')
NARROW = dict(type='GaussianDivergenceLoss', sigma=1.0)

# Loss and regulariser of each run; others are compared with the first.
RUNS: Dict[str, Tuple[dict, Optional[dict]]] = {
    'smooth-l1': (on_means('SmoothL1Loss'), None),
    'wing': (on_means('WingLoss'), None),
    'star-mahalanobis': (MAHALANOBIS, None),
    'star-per-axis': (PER_AXIS, None),
    'smooth-l1+js': (on_means('SmoothL1Loss'), NARROW),
    'wing+js': (on_means('WingLoss'), NARROW),
    'star-mahalanobis+js': (MAHALANOBIS, NARROW),
    'star-per-axis+js': (PER_AXIS, NARROW),
    'star-mahalanobis+10js': (MAHALANOBIS, dict(NARROW, loss_weight=10.)),
    'star-mahalanobis-w10': (dict(MAHALANOBIS, eigen_weight=10.), None),
}


def write_config(name: str, seed: int, data: Path, folder: Path) -> Path:
    """The config of a run, as a file in its folder."""
    cfg = Config.fromfile(CONFIG)
    cfg.model.head.loss, regularizer = RUNS[name]
    if regularizer:
        cfg.model.head.regularizer = regularizer
    cfg.custom_imports.imports.append('mmpose_face.models')
    for loader in ('train', 'val', 'test'):
        dataset = cfg[f'{loader}_dataloader'].dataset
        dataset.data_root = f'{data.resolve()}/'
    cfg.default_hooks.checkpoint.update(save_best=None, max_keep_ckpts=1)
    cfg.randomness = dict(seed=seed)
    cfg.test_evaluator.out_dir = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cfg.dump(folder / 'config.py')
    return folder / 'config.py'


def run(name: str, seed: int, data: Path, folder: Path) -> None:
    """Train and test, unless that was done."""
    if (folder / 'metrics.json').is_file():
        return
    config = write_config(name, seed, data, folder)
    for command in (('train', config, '--resume'), ('test', config,
                                                    folder / 'epoch_20.pth')):
        tool, *args = command
        subprocess.run((sys.executable, REPO / f'tools/{tool}.py', *args,
                        '--work-dir', folder),
                       check=True)


def row(name: str, folder: Path) -> Tuple[str, ...]:
    """Figures of a run, NME with its interval."""
    content = json.loads((folder / 'metrics.json').read_text())
    figures = content['subsets']['full']
    low, high = content['intervals']['full']['NME']
    return (name, f'{figures["NME"]:.2f} ({low:.2f}–{high:.2f})',
            f'{figures["FR@8"]:.2f}', f'{figures["AUC@8"]:.2f}',
            str(figures['n']))


def main() -> None:
    parser = argparse.ArgumentParser(description='STAR and its baselines')
    parser.add_argument('--data', type=Path, default=Path('data/300w'))
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/star'))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--runs', nargs='+', choices=RUNS, default=list(RUNS))
    args = parser.parse_args()
    folders = {
        (name, seed): args.work_dir.resolve() / f'{name}_{seed}'
        for seed in args.seeds
        for name in args.runs
    }
    for (name, seed), folder in folders.items():
        run(name, seed, args.data, folder)
    print(
        markdown_table(('', 'NME (95 %)', 'FR@8', 'AUC@8', 'n'), [
            row(f'{name}, seed {seed}', folder)
            for (name, seed), folder in folders.items()
        ]))
    for seed in args.seeds:
        first, *others = args.runs
        for other in others:
            scores = (
                load_scores(folders[name, seed] / 'per_face.json')
                for name in (first, other))
            print(format_comparison(compare_systems(*scores, (first, other))))


if __name__ == '__main__':
    main()
