# SPDX-License-Identifier: Apache-2.0
"""Train one small network with STAR loss and with its baselines, on 300-W.

    python tools/prepare_data.py 300w --raw RELEASE --out data/300w --partial
    python tools/dev/star_grid.py --work-dir work_dirs/star --seeds 0 1 2

Network, head, schedule and seeds are the same for all; the last epoch counts.
Runs that have ended are not repeated, and one that was broken off goes on.
``--show`` prints the tables of what is there. To choose between settings there
is ``--hold-out``, which does not look at the test faces.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from mmengine.config import Config, DictAction

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.commands.compare import compare_systems, format_comparison
from mmpose_face.evaluation import load_scores
from mmpose_face.evaluation.table import markdown_table
from mmpose_face.files import write_whole

REPO = Path(__file__).resolve().parents[2]
ROWS = REPO / 'configs/face_2d_keypoint'
REGRESSION = ROWS / 'topdown_regression/300w' / 'td-reg_res18_starloss_1xb16-20e_300w-128x128.py'
HEATMAP = ROWS / 'topdown_heatmap/300w' / 'td-hm_res18_dark-1xb16-20e_300w-128x128.py'


def on_means(loss: str) -> dict:
    """A loss of MMPose on coordinates, in pixels of the crop of 128."""
    return dict(type='SoftArgmaxLoss', scale=64.0, loss=dict(type=loss, use_target_weight=True))


def narrow(weight: float = 1.0, sigma: float = 1.0) -> dict:
    """Heatmaps like Gaussians of ``sigma`` cells."""
    return dict(type='GaussianDivergenceLoss', sigma=sigma, loss_weight=weight)


LOSSES = {
    'smooth-l1': on_means('SmoothL1Loss'),
    'wing': on_means('WingLoss'),
    'star-mahalanobis': dict(type='STARLoss', mode='mahalanobis'),
    'star-per-axis': dict(type='STARLoss', mode='per_axis'),
    'star-detach': dict(type='STARLoss', mode='mahalanobis', restriction='detach'),
    'star-mahalanobis-w10': dict(type='STARLoss', mode='mahalanobis', w=10.0),
}
REGULARIZERS = {
    '10js': dict(type='JensenShannonLoss', loss_weight=10.0),
    '0.1kl': narrow(0.1),
    '1kl': narrow(),
    '1kl-0.7': narrow(sigma=0.7),
}
# Five epochs in which the weight of the eigenvalues rises from 0.
WARMUP = dict(type='EigenWeightWarmupHook', iterations=380)
WARM = '+warmup'

# Loss and regulariser of each run; others are compared with the first.
RUNS: dict[str, tuple[dict, dict | None]] = {
    **{name: (loss, None) for name, loss in LOSSES.items()},
    **{
        f'{name}+{term}': (loss, regularizer)
        for name, loss in LOSSES.items()
        for term, regularizer in REGULARIZERS.items()
    },
    'star-mahalanobis-w10' + WARM: (LOSSES['star-mahalanobis-w10'], None),
    'kl': (narrow(), None),
}
# Gaussian heatmaps and DARK on the same network, which the runs compete with;
# and once more with MMPose's own classes in place of ours (see `fast` in configs).
GAUSSIAN = 'gaussian-dark'
MMPOSE_PATH = f'{GAUSSIAN}@mmpose'


class Size(NamedTuple):
    """How large a run is: of the network's channels, and in epochs."""

    share: float = 1.0
    epochs: int = 20


def write_config(name: str, seed: int, data: Path, folder: Path, size: Size, options: dict) -> Path:
    """The config of a run, as a file in its folder."""
    heatmaps = name in (GAUSSIAN, MMPOSE_PATH)
    cfg = Config.fromfile(HEATMAP if heatmaps else REGRESSION)
    if name == MMPOSE_PATH:
        cfg.fast = False
    if not heatmaps:
        cfg.model.head.type = 'ScaledIntegralHeatmapHead'
        cfg.model.head.loss, cfg.model.head.regularizer = RUNS[name]
        cfg.custom_hooks.append(dict(type='HeatmapWidthHook', interval=50))
        if name.endswith(WARM):
            cfg.custom_hooks.append(WARMUP)
    cfg.custom_imports.imports.append('star_parts')
    # Measures the norm of all gradients; nothing is cut.
    cfg.optim_wrapper.clip_grad = dict(max_norm=1e9)
    for loader in ('train', 'val', 'test'):
        dataset = cfg[f'{loader}_dataloader'].dataset
        dataset.data_root = f'{data.resolve()}/'
    cfg.default_hooks.checkpoint.update(save_best=None, max_keep_ckpts=1)
    cfg.randomness = dict(seed=seed)
    resize(cfg, size)
    cfg.test_evaluator.out_dir = str(folder)
    cfg.merge_from_dict(options)
    folder.mkdir(parents=True, exist_ok=True)
    cfg.dump(folder / 'config.py')
    return folder / 'config.py'


def resize(cfg: Config, size: Size) -> None:
    """Make network and schedule smaller, for what does not need them."""
    head = cfg.model.head
    cfg.model.backbone.base_channels = round(64 * size.share)
    head.in_channels = round(512 * size.share)
    head.deconv_out_channels = [round(128 * size.share)] * 3
    cfg.train_cfg.max_epochs = size.epochs
    cfg.param_scheduler[1].update(end=size.epochs, T_max=size.epochs)


def hold_out(data: Path, folder: Path) -> dict:
    """Take every fifth training face of HELEN for the test.

    Returns:
        dict: What a config has to say for it.
    """
    content = json.loads((data / 'annotations/face_landmarks_300w_train.json').read_text())
    names = sorted(
        (image['file_name'], image['id'])
        for image in content['images']
        if image['file_name'].startswith('helen/')
    )
    held = {number for _, number in names[::5]}
    for face in content['annotations']:
        if face['image_id'] in held:
            face['subsets'] = ['full', 'common']
    rest = {image['id'] for image in content['images']} - held
    train, valid = (
        write_part(content, images, folder / f'{name}.json')
        for name, images in (('train', rest), ('valid', held))
    )
    return {
        'train_dataloader.dataset.ann_file': train,
        'val_dataloader.dataset.ann_file': valid,
        'test_dataloader.dataset.ann_file': valid,
    }


def write_part(content: dict, images: set[int], path: Path) -> str:
    """Write the annotations of these images alone."""
    part = dict(
        content,
        images=[each for each in content['images'] if each['id'] in images],
        annotations=[each for each in content['annotations'] if each['image_id'] in images],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(part))
    return str(path.resolve())


def run(config: Path, epochs: int) -> None:
    """Train and test, unless that was done."""
    folder = config.parent
    if (folder / 'metrics.json').is_file():
        return
    with open(folder / 'output.txt', 'a') as output:
        for command in (
            ('train', config, '--resume'),
            ('test', config, folder / f'epoch_{epochs}.pth'),
        ):
            tool, *args = command
            subprocess.run(
                (sys.executable, REPO / f'tools/{tool}.py', *args, '--work-dir', folder),
                stdout=output,
                stderr=output,
                check=True,
                # Where star_parts is.
                env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
            )


def figures(folder: Path) -> tuple[dict, dict]:
    """NME, FR and AUC of a run, and their intervals."""
    content = json.loads((folder / 'metrics.json').read_text())
    return content['subsets']['full'], content['intervals']['full']


def curves(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """What a run logged, by name: pairs of epoch and value. NME is in per
    cent, the two widths are in pixels of the crop."""
    entries = [
        json.loads(line)
        for path in sorted(folder.glob('*/vis_data/scalars.json'))
        for line in path.read_text().splitlines()
    ]
    # Logged once in each epoch, always at the same place in it.
    first, *_, last = (entry for entry in entries if 'iter' in entry)
    iterations = (last['step'] - first['step']) / (last['epoch'] - first['epoch'])
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in entries:
        # Training is logged by iteration, a validation by epoch.
        epoch = entry['step'] / (iterations if 'iter' in entry else 1)
        for key in ('NME', 'loss', 'grad_norm', 'sigma_major', 'sigma_minor'):
            if key in entry:
                found.setdefault(key, []).append((epoch, entry[key]))
    return found


def row(name: str, folders: Sequence[Path]) -> tuple[str, ...]:
    """Figures of a run: the mean NME of its seeds with the spread, then those
    of the first seed with their intervals."""
    results = [figures(folder) for folder in folders]
    values = [result['NME'] for result, _ in results]
    spread = f' ± {stdev(values):.2f}' if len(values) > 1 else ''
    first, intervals = results[0]
    last = {key: logged[-1][1] for key, logged in curves(folders[0]).items()}
    return (
        name,
        str(len(folders)),
        f'{mean(values):.2f}{spread}',
        *(
            '{:.2f} ({:.2f}–{:.2f})'.format(first[key], *intervals[key])
            for key in ('NME', 'FR@8', 'AUC@8')
        ),
        *(f'{last[key]:.1f}' if key in last else '–' for key in ('sigma_major', 'sigma_minor')),
    )


HEADER = (
    '',
    'seeds',
    'NME',
    'NME, first seed (95 %)',
    'FR@8 (95 %)',
    'AUC@8 (95 %)',
    'sigma, longer axis, px',
    'shorter axis, px',
)


def show(names: Sequence[str], seeds: Sequence[int], root: Path) -> None:
    """Print the table of what is there, and each run beside the first."""
    folders = {
        name: [
            root / f'{name}_{seed}'
            for seed in seeds
            if (root / f'{name}_{seed}/metrics.json').is_file()
        ]
        for name in names
    }
    present = {name: found for name, found in folders.items() if found}
    print(markdown_table(HEADER, [row(*item) for item in present.items()]))
    first, *others = present
    for other in others:
        for a, b in zip(present[first], present[other]):
            scores = (load_scores(folder / 'per_face.json') for folder in (a, b))
            print(format_comparison(compare_systems(*scores, (a.name, b.name))))


def main() -> None:
    parser = argparse.ArgumentParser(description='STAR and its baselines')
    parser.add_argument('--data', type=Path, default=Path('data/300w'))
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/star'))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument(
        '--runs',
        nargs='+',
        choices=[*RUNS, GAUSSIAN, MMPOSE_PATH],
        default=[*RUNS, GAUSSIAN, MMPOSE_PATH],
    )
    parser.add_argument('--jobs', type=int, default=1, help='runs at once')
    parser.add_argument('--share', type=float, default=Size().share, help="of ResNet-18's channels")
    parser.add_argument('--epochs', type=int, default=Size().epochs)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='of all runs, as of tools/train.py: model.head.beta=1',
    )
    parser.add_argument(
        '--hold-out',
        action='store_true',
        help="test with a fifth of HELEN's training faces, which are not trained with",
    )
    parser.add_argument('--show', action='store_true', help='run nothing, print tables')
    args = parser.parse_args()
    root = args.work_dir.resolve()
    if not args.show:
        options = args.cfg_options
        if args.hold_out:
            options = {**options, **hold_out(args.data, root / 'held_out')}
        # Before the threads: MMEngine reads and writes one config at a time.
        configs = [
            write_config(
                name,
                seed,
                args.data,
                root / f'{name}_{seed}',
                Size(args.share, args.epochs),
                options,
            )
            for seed in args.seeds
            for name in args.runs
        ]
        with ThreadPoolExecutor(args.jobs) as pool:
            list(pool.map(run, configs, [args.epochs] * len(configs)))
    show(args.runs, args.seeds, root)


if __name__ == '__main__':
    main()
