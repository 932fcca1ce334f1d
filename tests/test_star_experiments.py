# SPDX-License-Identifier: Apache-2.0
"""What the experiments of docs/en/star.md are made of, in tools/dev."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import REPO, data_options
from mmengine.config import Config, DictAction
from mmpose.registry import VISUALIZERS
from scipy.spatial.distance import jensenshannon

from mmpose_face.engine import FaceRunner
from mmpose_face.landmarks import Curve, Scheme
from mmpose_face.models import STARLoss
from mmpose_face.models.losses.gaussian_divergence_loss import gaussians

sys.path.insert(0, str(REPO / 'tools/dev'))

from star_figures import ambiguity, angles_to_lines, axes, draw_ellipses  # noqa: E402
from star_grid import Size, write_config  # noqa: E402
from star_parts import EigenWeightWarmupHook, JensenShannonLoss, widths  # noqa: E402

TRIANGLE = Scheme(
    'triangle', (Curve('jaw', ('left_a', 'a', 'right_a')), Curve('eyes', ('b',))), None
)


def turned(degrees: float, long: float = 3.0, short: float = 1.0) -> np.ndarray:
    """A covariance (2, 2) whose longer axis has been turned from x to y."""
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return turn @ np.diag([long**2, short**2]) @ turn.T


def test_widths_of_two_cells():
    """Cells 5 and 11 of 17 lie 48 pixels apart on a crop of 128 whose cells
    go from border to border: variance 24^2, unbiased of two values twice
    that; across the line there is none."""
    heatmap = torch.zeros(1, 1, 17, 17)
    heatmap[..., 3, 5] = heatmap[..., 3, 11] = 0.5
    major, minor = widths(heatmap, (128, 128))
    assert major.item() == pytest.approx(24 * 2**0.5, rel=1e-4)
    assert minor.item() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize('iteration, weight', [(0, 0), (25, 2.5), (50, 5), (100, 10), (1000, 10)])
def test_warm_up_of_the_eigenvalues(iteration, weight):
    loss, hook = STARLoss(w=10.0), EigenWeightWarmupHook(100)
    model = torch.nn.Module()
    model.head = torch.nn.Module()
    model.head.loss_module = loss
    runner = SimpleNamespace(model=model, iter=iteration)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    assert loss.w == pytest.approx(weight)


def test_jensen_shannon_by_scipy():
    torch.manual_seed(0)
    heatmaps = torch.randn(2, 3, 30).double().softmax(-1).view(2, 3, 5, 6)
    targets = torch.rand(2, 3, 2).double() * 2 - 1
    weights = torch.tensor([[1.0, 0, 1], [1, 1, 1]]).double()
    truth = gaussians(targets, 5, 6, 2.0)
    expected = [
        weight * jensenshannon(p.ravel(), q.ravel()) ** 2
        for p, q, weight in zip(
            heatmaps.flatten(0, 1).numpy(), truth.flatten(0, 1).numpy(), weights.flatten().tolist()
        )
    ]
    loss = JensenShannonLoss(sigma=2.0, loss_weight=3.0)
    assert float(loss(heatmaps, targets, weights)) == pytest.approx(3 * np.mean(expected))


@pytest.mark.parametrize('name', ['star-mahalanobis-w10+warmup', 'star-detach+10js'])
def test_a_run_trains_and_logs_the_widths(name, tiny_300w, tmp_path):
    # Each runner makes the visualizer of its own config.
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    size = Size(share=1 / 8, epochs=1)
    cfg = Config.fromfile(
        write_config(name, 0, tiny_300w, tmp_path, size, {'model.head.beta': 4.0})
    )
    options = dict(option.split('=') for option in data_options(tiny_300w))
    cfg.merge_from_dict({k: DictAction._parse_iterable(v) for k, v in options.items()})
    (width,) = (hook for hook in cfg.custom_hooks if hook.type == 'HeatmapWidthHook')
    width.interval = 1
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.checkpoint = None
    cfg.train_cfg.update(val_begin=2)
    cfg.work_dir = str(tmp_path)
    FaceRunner.from_cfg(cfg).train()
    (scalars,) = tmp_path.glob('*/vis_data/scalars.json')
    logged = [json.loads(row) for row in scalars.read_text().splitlines()]
    assert len(logged) == 3  # 6 faces, 2 at a time
    for entry in logged:
        # A uniform map of 128 pixels has 128 / sqrt(12) = 37, a new network
        # something near it.
        assert 20 < entry['sigma_minor'] <= entry['sigma_major'] < 50


def test_ambiguity_of_two_cells():
    """Cells 0 and 3 of 4 lie at the borders of a crop of 64 x 32 pixels, from
    -0.5 to 63.5: half the width is 32 pixels, and the unbiased variance of
    two values 32^2 / (1 - 1/2)."""
    heatmap = torch.zeros(1, 1, 4, 4)
    heatmap[..., 0, 0] = heatmap[..., 0, 3] = 0.5
    points, covariances = ambiguity(heatmap, (64, 32))
    np.testing.assert_allclose(points, [[[31.5, -0.5]]])
    np.testing.assert_allclose(covariances[0, 0], [[2048, 0], [0, 0]], rtol=1e-4)
    np.testing.assert_allclose(axes(covariances)[0][0, 0], [2048**0.5, 0], rtol=1e-4)


def test_angles_to_lines():
    """The line goes to the right and then down: its directions are 0, 45 and
    90 degrees, whichever way the axis is written. One point is no line."""
    points = np.array([[[0, 0], [10, 0], [10, 10], [5, 5]]], float)
    covariances = np.array([[turned(t) for t in (0, 45 + 180, 60, 0)]])
    np.testing.assert_allclose(
        angles_to_lines(points, covariances, TRIANGLE), [[0, 0, 30, np.nan]], atol=1e-5
    )


def test_drawing():
    """An ellipse of 6 by 2 pixels about (20, 10): its ends are painted, its
    middle is not, nor is the image that was given."""
    image = np.zeros((20, 40, 3), np.uint8)
    points = np.array([[20.0, 10.0]] * 4)
    covariances = np.array([turned(0, 6, 2)] * 4)
    drawn = draw_ellipses(image, points, covariances, TRIANGLE).any(-1)
    assert not image.any()
    assert drawn[10, 26] and drawn[10, 14] and drawn[12, 20] and drawn[8, 20]
    assert not drawn[10, 20] and not drawn[10, 30] and not drawn[15, 20]
