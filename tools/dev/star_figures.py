# SPDX-License-Identifier: Apache-2.0
"""Draw the figures of docs/en/star.md.

    python tools/dev/star_figures.py curves --work-dir work_dirs/star \
        --runs smooth-l1 star-mahalanobis --out docs/en/images/star_curves.png
    python tools/dev/star_figures.py ellipses CONFIG CHECKPOINT \
        --out docs/en/images/star_ellipses.jpg

``curves`` draws what the runs of ``tools/dev/star_grid.py`` logged;
``ellipses`` the ambiguity of a model's heatmaps on its test faces, and prints
how the ellipses lie to the lines of the face. Drawings over real faces belong
into a work dir.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS
from star_grid import curves
from torch import Tensor

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face.codecs.soft_argmax import to_pixels
from mmpose_face.evaluation.table import markdown_table
from mmpose_face.landmarks import Scheme, point_colors, scheme_of
from mmpose_face.models.losses.heatmap_moments import moments
from mmpose_face.visualization import contact_sheet

matplotlib.use('agg')

PANELS = {
    'NME': 'NME on the test faces, %',
    'grad_norm': 'norm of all gradients',
    'sigma_major': 'longer axis of the heatmaps, px',
    'sigma_minor': 'shorter axis of the heatmaps, px',
}
SCALE = 3  # of the faces that are drawn
DEVIATIONS = 0.25  # half axes of the ellipses, so that they stay apart
SHIFT = 4  # OpenCV draws at multiples of 1/16 pixel


def draw_curves(root: Path, runs: Sequence[str], out: Path) -> None:
    """What the first seed of each run logged, a panel for each figure."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(PANELS), figsize=(15, 4), layout='constrained')
    for name in runs:
        logged = curves(root / f'{name}_0')
        for panel, (key, title) in zip(panels, PANELS.items()):
            if key in logged:
                panel.plot(*zip(*logged[key]), label=name, linewidth=1.2)
            panel.set_title(title, fontsize=10)
            panel.set_yscale('log')
            for which in ('major', 'minor'):
                getattr(panel.yaxis, f'set_{which}_formatter')('{x:g}')
            panel.tick_params(labelsize=8, which='both')
            panel.set_xlabel('epoch', fontsize=9)
            panel.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    figure.savefig(out, dpi=110)


def ambiguity(heatmaps: Tensor, size: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances of heatmaps in pixels.

    Args:
        heatmaps (Tensor): (N, K, H, W), the sum of each is 1.
        size (Sequence[int]): Width and height of the crop, pixels.

    Returns:
        tuple[np.ndarray, np.ndarray]: (N, K, 2) means in pixels of the crop,
        and (N, K, 2, 2) covariances in square pixels.
    """
    found = moments(heatmaps.detach().double())
    points = to_pixels(torch.stack((found.x, found.y), -1), size)
    covariances = torch.stack((found.xx, found.xy, found.xy, found.yy), -1).unflatten(-1, (2, 2))
    half = covariances.new_tensor(size) / 2
    covariances = covariances * half * half[:, None]
    return points.cpu().numpy(), covariances.cpu().numpy()


def axes(covariances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Main axes of covariances.

    Args:
        covariances (np.ndarray): (..., 2, 2), square pixels.

    Returns:
        tuple[np.ndarray, np.ndarray]: Standard deviations (..., 2) along the
        longer and the shorter axis in pixels, and the direction (..., 2) of
        the longer one, a unit vector or its negative.
    """
    variances, vectors = np.linalg.eigh(covariances)
    return (np.sqrt(np.clip(variances[..., ::-1], 0, None)), vectors[..., 1])


def angles_to_lines(points: np.ndarray, covariances: np.ndarray, scheme: Scheme) -> np.ndarray:
    """How the longer axes lie to the lines of the face.

    Args:
        points (np.ndarray): (N, K, 2), where the lines go through, pixels.
        covariances (np.ndarray): (N, K, 2, 2), square pixels.
        scheme (Scheme): The landmark scheme.

    Returns:
        np.ndarray: (N, K), the angle between the longer axis of a point and
        the line from the neighbour before it to the one after it, 0 to 90
        degrees: 45 on average for axes that lie anyhow. NaN for points that
        are no line's.
    """
    directions = axes(covariances)[1]
    angles = np.full(points.shape[:2], np.nan)
    for curve in scheme.curves:
        chain = [scheme.index[name] for name in curve.points]
        if len(chain) < 2:
            continue
        before = [chain[-1], *chain[:-1]] if curve.closed else [chain[0], *chain[:-1]]
        after = [*chain[1:], chain[0]] if curve.closed else [*chain[1:], chain[-1]]
        tangents = points[:, after] - points[:, before]
        tangents = tangents / np.linalg.norm(tangents, axis=-1, keepdims=True)
        cosines = np.abs((tangents * directions[:, chain]).sum(-1))
        angles[:, chain] = np.degrees(np.arccos(np.clip(cosines, 0, 1)))
    return angles


def draw_ellipses(
    image: np.ndarray,
    points: np.ndarray,
    covariances: np.ndarray,
    scheme: Scheme,
    deviations: float = 1.0,
) -> np.ndarray:
    """Draw the ellipse of each landmark, a colour for each part of the face.

    Args:
        image (np.ndarray): BGR (H, W, 3), uint8.
        points (np.ndarray): (K, 2), pixels.
        covariances (np.ndarray): (K, 2, 2), square pixels.
        scheme (Scheme): The landmark scheme.
        deviations (float): Half axes of the ellipses in standard deviations.

    Returns:
        np.ndarray: The drawing, of the image's shape.
    """
    canvas = image.copy()
    lengths, directions = axes(covariances)
    turns = np.degrees(np.arctan2(directions[:, 1], directions[:, 0]))
    colors = point_colors(scheme)
    for i, (point, length, turn) in enumerate(zip(points, lengths, turns)):
        center, half = (
            np.rint(np.asarray(each) * 2**SHIFT).astype(int).tolist()
            for each in (point, length * deviations)
        )
        cv2.ellipse(canvas, center, half, float(turn), 0, 360, colors[i], 1, cv2.LINE_AA, SHIFT)
    return canvas


def heatmaps_of(config: Path, checkpoint: Path, faces: int) -> tuple[list[dict], Tensor, Scheme]:
    """Samples of the test set, the heatmaps that the model has for them, and
    their scheme."""
    from mmpose.apis import init_model

    model = init_model(str(config), str(checkpoint), device='cpu')
    dataset = DATASETS.build(Config.fromfile(config).test_dataloader.dataset)
    samples = [dataset[i] for i in range(faces)]
    inputs = model.data_preprocessor(pseudo_collate(samples), False)['inputs']
    with torch.no_grad():
        maps = [model.head.forward(model.extract_feat(part)) for part in inputs.split(32)]
    names = dataset.metainfo['keypoint_id2name'].values()
    return samples, torch.cat(maps), scheme_of(names)


def truth(samples: Sequence[dict], size: Sequence[int]) -> np.ndarray:
    """The labelled points (N, K, 2) in pixels of the crop."""
    points = []
    for sample in samples:
        info = sample['data_samples']
        center, scale = (
            np.reshape(info.metainfo[f'input_{key}'], 2) for key in ('center', 'scale')
        )
        shown = info.gt_instances.keypoints[0]
        points.append((shown - center + scale / 2) / scale * size)
    return np.array(points)


def table(points: np.ndarray, covariances: np.ndarray, labels: np.ndarray, scheme: Scheme) -> str:
    """How the ellipses of each part lie and how long they are."""
    angles = angles_to_lines(labels, covariances, scheme)
    deviations = axes(covariances)[0]
    rows = []
    for group, indices in scheme.groups.items():
        if np.isnan(angles[:, indices]).all():
            continue
        long, short = deviations[:, indices].reshape(-1, 2).mean(0)
        part = angles[:, indices]
        rows.append(
            (
                group,
                f'{np.nanmedian(part):.0f}',
                f'{100 * np.nanmean(part < 30):.0f}',
                f'{long:.1f}',
                f'{short:.1f}',
            )
        )
    return markdown_table(
        ('', 'median angle to the line', 'below 30°, %', 'longer axis, px', 'shorter, px'), rows
    )


def draw_faces(config: Path, checkpoint: Path, show: int, measure: int, out: Path) -> None:
    """A sheet of faces with their ellipses, and the table of many more."""
    samples, heatmaps, scheme = heatmaps_of(config, checkpoint, measure)
    size = samples[0]['data_samples'].metainfo['input_size']
    points, covariances = ambiguity(heatmaps, size)
    faces = []
    for sample, point, covariance in zip(samples[:show], points, covariances):
        image = sample['inputs'].numpy().transpose(1, 2, 0)
        large = cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
        faces.append(
            draw_ellipses(
                large, (point + 0.5) * SCALE - 0.5, covariance * SCALE**2, scheme, DEVIATIONS
            )
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), contact_sheet(faces, 3), [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(table(points, covariances, truth(samples, size), scheme))


def main() -> None:
    parser = argparse.ArgumentParser(description='Figures of STAR loss')
    commands = parser.add_subparsers(dest='command', required=True)
    of_runs = commands.add_parser('curves')
    of_runs.add_argument('--work-dir', type=Path, default=Path('work_dirs/star'))
    of_runs.add_argument('--runs', nargs='+', required=True)
    of_model = commands.add_parser('ellipses')
    of_model.add_argument('config', type=Path)
    of_model.add_argument('checkpoint', type=Path)
    of_model.add_argument('--show', type=int, default=6)
    of_model.add_argument('--measure', type=int, default=200)
    for command in (of_runs, of_model):
        command.add_argument('--out', type=Path, required=True)
    args = parser.parse_args()
    if args.command == 'curves':
        draw_curves(args.work_dir, args.runs, args.out)
    else:
        draw_faces(args.config, args.checkpoint, args.show, args.measure, args.out)


if __name__ == '__main__':
    main()
