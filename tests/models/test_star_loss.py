# SPDX-License-Identifier: Apache-2.0
"""The loss against an eigen-solver, by hand, and where it could break."""

import math

import pytest
import torch
from torch import Tensor

from mmpose_face.codecs import SoftArgmax, soft_argmax
from mmpose_face.models.losses import STARLoss
from mmpose_face.models.losses.heatmap_moments import EPS, Moments, moments
from mmpose_face.models.losses.star_loss import _ERRORS, star_loss

MODES = ('per_axis', 'mahalanobis')
BETA = 0.01  # of smooth-L1


@pytest.fixture
def exact_axes(monkeypatch):
    """Axes that do not fade out where the eigenvalues are close."""
    monkeypatch.setattr('mmpose_face.models.losses.star_loss._AXIS_EPS', 0.0)


def softmax(logits: Tensor) -> Tensor:
    return logits.flatten(2).softmax(-1).view_as(logits)


def noise(*shape: int, dtype=torch.float64, scale: float = 2.0) -> Tensor:
    return softmax(torch.randn(*shape, dtype=dtype) * scale)


def gaussian(
    sx: float, sy: float, angle: float = 0.0, size: int = 65, x: float = 0.0, y: float = 0.0
) -> Tensor:
    """A heatmap (1, 1, size, size) with standard deviations along two axes,
    the first at that angle to the columns, degrees."""
    g = torch.linspace(-1, 1, size, dtype=torch.float64)
    dy, dx = torch.meshgrid(g - y, g - x, indexing='ij')
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    u, v = c * dx + s * dy, -s * dx + c * dy
    return softmax(-(u**2 / sx**2 + v**2 / sy**2)[None, None] / 2)


def at(*points) -> Tensor:
    return torch.tensor(points, dtype=torch.float64)[None]


def covariance(p: Tensor):
    """Mean (N, K, 2) and covariance (N, K, 2, 2), over a list of cells."""
    height, width = p.shape[-2:]
    gx, gy = (torch.linspace(-1, 1, n, dtype=p.dtype, device=p.device) for n in (width, height))
    grid = torch.stack(torch.meshgrid(gx, gy, indexing='xy'), -1).flatten(0, 1)
    p = p.flatten(2)
    mean = p @ grid
    off = grid - mean[..., None, :]
    v1, v2 = p.sum(-1) + EPS, p.square().sum(-1) + EPS
    cov = torch.einsum('nkp,nkpi,nkpj->nkij', p, off, off)
    return mean, cov / (v1 - v2 / v1)[..., None, None]


def smooth_l1(error: Tensor) -> Tensor:
    zero = torch.zeros_like(error)
    return torch.nn.functional.smooth_l1_loss(error, zero, reduction='none', beta=BETA)


def by_solver(p: Tensor, target: Tensor, mode: str, detach_axes: bool = False) -> Tensor:
    """Eigenvectors are the columns of what eigh returns."""
    mean, cov = covariance(p)
    values, vectors = torch.linalg.eigh(cov)
    if detach_axes:
        vectors = vectors.detach()
    along = torch.einsum('nkji,nkj->nki', vectors, target - mean)
    scale = (values + EPS).sqrt()
    if mode == 'per_axis':
        error = (smooth_l1(along) / scale).sum(-1)
    else:
        error = smooth_l1((along / scale).norm(dim=-1))
    return error + values.sum(-1)


@pytest.mark.parametrize('mode', MODES)
def test_equals_the_solver(mode, exact_axes):
    torch.manual_seed(0)
    heatmaps = torch.cat((noise(3, 4, 15, 15), noise(3, 4, 15, 15, scale=0.5)))
    heatmaps = torch.cat((heatmaps, gaussian(0.3, 0.1, 25.0, 15).expand(6, 2, -1, -1)), 1)
    target = torch.rand(6, 6, 2, dtype=torch.float64) * 2 - 1
    found = star_loss(heatmaps, target, mode)
    torch.testing.assert_close(found, by_solver(heatmaps, target, mode), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize('mode', MODES)
def test_gradient_equals_the_solvers(mode, exact_axes):
    """Where the eigenvalues are apart the solver has a gradient, too; with
    its eigenvectors detached that of mean and eigenvalues."""
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 9, 9, dtype=torch.float64) * 2
    target = torch.rand(2, 3, 2, dtype=torch.float64) * 2 - 1
    losses = star_loss, lambda *args: by_solver(*args, detach_axes=mode == 'per_axis')
    grads = []
    for loss in losses:
        given = logits.clone().requires_grad_()
        loss(softmax(given), target, mode).sum().backward()
        grads.append(given.grad)
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize('w', [0.0, 3.0])
@pytest.mark.parametrize('mass', [1.0, 0.8])
def test_gradcheck(w, mass):
    """Of a softmax, and of heatmaps of another sum."""
    torch.manual_seed(0)
    logits = torch.randn(2, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    target = torch.rand(2, 2, 2, dtype=torch.float64) * 2 - 1
    assert torch.autograd.gradcheck(
        lambda x: star_loss(mass * softmax(x), target, 'mahalanobis', w), logits
    )


def test_gradcheck_of_the_papers_loss(exact_axes):
    """Its axes are taken as given: those of a product of two marginals are
    the columns and the rows, whatever these are."""
    torch.manual_seed(0)
    columns, rows = torch.randn(2, 2, 3, 7, dtype=torch.float64).unbind()
    columns, rows = columns.requires_grad_(), (4 * rows).requires_grad_()
    target = (torch.rand(2, 3, 2, dtype=torch.float64) * 2 - 1).requires_grad_()

    def loss(columns: Tensor, rows: Tensor, target: Tensor) -> Tensor:
        return star_loss(rows.softmax(-1)[..., None] * columns.softmax(-1)[..., None, :], target)

    assert torch.autograd.gradcheck(loss, (columns, rows, target))


@pytest.mark.parametrize(
    'mode, error', [('per_axis', (0.3 - BETA / 2) / 0.5**0.5), ('mahalanobis', 0.3 / 0.5**0.5)]
)
def test_hand_value(mode, error, exact_axes):
    """Two cells of three by three, half each: the mean is (0.5, 0), the
    variance 0.5 along x (0.25 / (1 - 1/2)) and 0 along y; the error 0.3 along
    x, of which smooth-L1 takes half of 0.01 off."""
    heatmaps = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    heatmaps[0, 0, 1, 1:] = 0.5
    m = moments(heatmaps)
    assert [float(v) for v in m] == pytest.approx([0.5, 0, 0.5, 0, 0], abs=1e-4)
    expected = error - (BETA / 2 if mode == 'mahalanobis' else 0) + 2 * 0.5
    assert float(star_loss(heatmaps, at((0.8, 0)), mode, w=2)) == pytest.approx(expected, abs=1e-3)


def test_the_papers_loss_is_the_default():
    torch.manual_seed(0)
    heatmaps, target = noise(2, 3, 8, 8), torch.rand(2, 3, 2).double()
    expected = star_loss(heatmaps, target, 'per_axis', w=1.0, restriction='value').mean()
    assert STARLoss()(heatmaps, target) == expected
    assert STARLoss(loss_weight=3.0)(heatmaps, target) == 3 * expected


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize(
    'move',
    [
        lambda p, x, y: (p.flip(-1), -x, y),
        lambda p, x, y: (p.flip(-2), x, -y),
        lambda p, x, y: (p.transpose(-1, -2), y, x),
        lambda p, x, y: (p.rot90(1, (-2, -1)), y, -x),
    ],
    ids=['left-right', 'up-down', 'transposed', 'turned'],
)
def test_moved_as_one(mode, move):
    torch.manual_seed(0)
    p, target = noise(2, 3, 8, 8), torch.rand(2, 3, 2, dtype=torch.float64)
    moved, x, y = move(p, target[..., 0], target[..., 1])
    torch.testing.assert_close(
        star_loss(moved, torch.stack((x, y), -1), mode),
        star_loss(p, target, mode),
    )


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('angle', [10, 30, 45, 77, 120])
def test_turned_by_any_angle(mode, angle):
    """What counts is the angle between error and major axis."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    straight = star_loss(gaussian(0.2, 0.1), at((0.1, 0.05)), mode)
    turned = star_loss(
        gaussian(0.2, 0.1, angle), at((0.1 * c - 0.05 * s, 0.1 * s + 0.05 * c)), mode
    )
    assert float(turned) == pytest.approx(float(straight), rel=1e-4)


@pytest.mark.parametrize('mode', MODES)
def test_turned_covariances(mode):
    """By any angle, together with the error."""
    torch.manual_seed(0)
    roots = torch.randn(50, 2, 2, dtype=torch.float64) / 3
    error = torch.randn(50, 2, 1, dtype=torch.float64) / 3
    angle = torch.rand(50, dtype=torch.float64) * 7
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack((cos, -sin, sin, cos), -1).view(50, 2, 2)

    def loss(cov: Tensor, error: Tensor) -> Tensor:
        zero = torch.zeros(50, dtype=torch.float64)
        found = Moments(zero, zero, cov[:, 0, 0], cov[:, 0, 1], cov[:, 1, 1])
        return _ERRORS[mode](*error[..., 0].unbind(1), found)

    cov = roots @ roots.mT
    torch.testing.assert_close(loss(turn @ cov @ turn.mT, turn @ error), loss(cov, error))


@pytest.mark.parametrize('angle', range(0, 180, 15))
def test_isotropic(angle):
    """With equal eigenvalues there are no axes; e = 0.1, sigma = 0.15."""
    heatmaps, sigma, e = gaussian(0.15, 0.15), 0.15, 0.1
    error = at((e * math.cos(math.radians(angle)), e * math.sin(math.radians(angle))))
    scale = math.sqrt(sigma**2 + EPS)
    for mode, expected in (
        ('mahalanobis', e / scale - BETA / 2),
        ('per_axis', 2 * (e / math.sqrt(2) - BETA / 2) / scale),
    ):
        found = star_loss(heatmaps, error, mode, w=0)
        assert float(found) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize('mode', MODES)
def test_an_error_along_the_major_axis_costs_less(mode):
    along, across = (
        float(star_loss(gaussian(0.3, 0.1, 30), at(error), mode))
        for error in (
            (0.1 * math.cos(math.radians(30)), 0.1 * 0.5),
            (-0.1 * 0.5, 0.1 * math.cos(math.radians(30))),
        )
    )
    assert along < across


def test_small_errors_cost_a_quadratic_form(exact_axes):
    """e^T S^(-1/2) e / 0.02, with S^(-1/2) = ((tr + s) I - S) / (s t), where
    s = sqrt(det S) and t = sqrt(tr + 2 s)."""
    torch.manual_seed(0)
    p, e = noise(4, 3, 12, 12), torch.rand(4, 3, 2, 1, dtype=torch.float64) * BETA / 2
    mean, cov = covariance(p)
    trace = cov.diagonal(dim1=-2, dim2=-1).sum(-1)
    s = cov.det().sqrt()[..., None, None]
    t = (trace[..., None, None] + 2 * s).sqrt()
    eye = torch.eye(2, dtype=torch.float64)
    root = ((trace[..., None, None] + s) * eye - cov) / (s * t)
    expected = (e.transpose(-1, -2) @ root @ e)[..., 0, 0] / (2 * BETA)
    found = star_loss(p, mean + e[..., 0], w=0)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)


def degenerate(name: str, dtype=torch.float32) -> Tensor:
    logits = torch.zeros(1, 1, 33, 33, dtype=dtype)
    if name == 'one-hot':
        logits[..., 10, 20] = 1000
    elif name == 'two cells':
        logits[..., 10, 20] = logits[..., 10, 21] = 1000
    elif name == 'isotropic':
        logits = gaussian(0.2, 0.2, size=33).log().to(dtype)
    elif name == 'off-centre':
        logits = gaussian(0.2, 0.2, size=33, x=0.25, y=-0.125).log().to(dtype)
    return logits


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('name', ['uniform', 'one-hot', 'two cells', 'isotropic', 'off-centre'])
def test_finite_where_there_are_no_axes(mode, name):
    for target in ((0.0, 0.0), (0.3, -0.2), (1.0, 1.0)):
        logits = degenerate(name).requires_grad_()
        loss = star_loss(softmax(logits), at(target).float(), mode)
        loss.sum().backward()
        assert loss.isfinite().all() and logits.grad.isfinite().all()


@pytest.mark.parametrize('mode', MODES)
def test_finite_on_an_empty_map(mode):
    heatmaps = torch.zeros(1, 1, 16, 16, requires_grad=True)
    loss = star_loss(heatmaps, at((0.3, -0.2)).float(), mode)
    loss.sum().backward()
    assert loss.isfinite().all() and heatmaps.grad.isfinite().all()


@pytest.mark.parametrize('mode', MODES)
def test_gentle_to_a_new_network(mode):
    """Almost flat maps, as from weights near zero: the gradient is under ten
    times that of L1 on the means. With one through the axes it is not."""
    torch.manual_seed(0)
    start = torch.randn(2, 50, 32, 32) * 1e-3
    target = torch.rand(2, 50, 2) * 1.6 - 0.8

    def size(loss) -> float:
        logits = start.clone().requires_grad_()
        loss(softmax(logits)).sum().backward()
        return float(logits.grad.flatten(2).norm(dim=-1).mean())

    l1 = size(lambda p: (soft_argmax(p) - target).abs())
    assert size(lambda p: star_loss(p, target, mode)) < 10 * l1
    if mode == 'per_axis':
        assert size(lambda p: by_solver(p, target, mode)) > 50 * l1


@pytest.mark.parametrize('weight', [0.5, 1, 2])
def test_the_best_width(weight, exact_axes):
    """For an error e along an axis the best eigenvalue is
    (e / (2 w))^(2/3)."""
    e = 0.2
    widths = torch.linspace(0.05, 0.9, 2000, dtype=torch.float64)
    losses = e / widths.sqrt() + weight * widths
    best = float(widths[losses.argmin()])
    assert best == pytest.approx((e / (2 * weight)) ** (2 / 3), rel=1e-2)
    # The loss is this function of the heatmap's width.
    for sigma in (0.1, 0.2):
        heatmaps = gaussian(sigma, 1e-3, size=129)
        found = star_loss(heatmaps, at((e, 0)), w=weight)
        value = float(moments(heatmaps).xx)
        expected = (e - BETA / 2) / math.sqrt(value + EPS) + weight * value
        assert float(found) == pytest.approx(expected, rel=1e-2)


def test_points_without_a_label_do_not_count():
    torch.manual_seed(0)
    loss = STARLoss()
    heatmaps = noise(2, 3, 8, 8).requires_grad_()
    target = torch.rand(2, 3, 2, dtype=torch.float64)
    weights = torch.ones(2, 3, dtype=torch.float64)
    weights[1, 2] = 0
    value = loss(heatmaps, target, weights)
    value.backward()
    assert heatmaps.grad[1, 2].abs().max() == 0
    assert heatmaps.grad[0, 0].abs().max() > 0
    for other in (5.0, math.nan, math.inf):
        target[1, 2] = other
        assert loss(heatmaps, target, weights) == value
    weights[0] = 0.5
    target[1, 2] = 0
    expected = star_loss(heatmaps, target)
    torch.testing.assert_close(loss(heatmaps, target, weights), (expected * weights).sum() / 6)


def test_each_face_has_its_own_target():
    torch.manual_seed(0)
    loss = STARLoss()
    heatmaps, target = noise(4, 3, 8, 8), torch.rand(4, 3, 2).double()
    order = torch.tensor([2, 0, 3, 1])
    value = loss(heatmaps, target)
    assert loss(heatmaps[order], target[order]) == pytest.approx(float(value))
    assert abs(float(loss(heatmaps, target[order]) - value)) > 1e-3


@pytest.mark.parametrize('mode', MODES)
def test_nothing_pulls_where_mean_and_target_agree(mode):
    torch.manual_seed(0)
    heatmaps = noise(2, 3, 8, 8).requires_grad_()
    target = soft_argmax(heatmaps).detach()
    star_loss(heatmaps, target, mode, w=0).sum().backward()
    assert heatmaps.grad.abs().max() < 1e-4


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(mode, dtype):
    """Heatmaps are rounded, and nothing else; so are logits in a head that
    makes heatmaps of them in float32."""
    torch.manual_seed(0)
    heatmaps, target = noise(4, 20, 32, 32, scale=1.0), torch.rand(4, 20, 2)
    expected = star_loss(heatmaps, target.double(), mode)
    with torch.autocast('cpu', torch.bfloat16):
        found = star_loss(heatmaps.to(dtype), target, mode)
        full = star_loss(heatmaps.float(), target, mode)
    assert found.dtype == full.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=2e-3, atol=0)
    torch.testing.assert_close(full.double(), expected, rtol=2e-5, atol=0)


@pytest.mark.parametrize('mode', MODES)
def test_detached_eigenvalues(mode):
    """The value is that of the error alone; the gradient is that of the mean,
    which is a plane over the heatmap."""
    torch.manual_seed(0)
    heatmaps, target = noise(2, 3, 9, 7), torch.rand(2, 3, 2).double()
    heatmaps.requires_grad_()
    found = star_loss(heatmaps, target, mode, restriction='detach')
    torch.testing.assert_close(found, star_loss(heatmaps, target, mode, w=0))
    found.sum().backward()
    slopes = [heatmaps.grad.diff(dim=dim) for dim in (-2, -1)]
    for slope in slopes:
        constant = slope[..., :1, :1].expand_as(slope)
        assert slope.any()
        torch.testing.assert_close(slope, constant)


def test_loss_and_codec_share_a_grid():
    """What the codec encodes, the loss takes, and the codec decodes."""
    codec = SoftArgmax(input_size=(128, 128))
    point = torch.tensor([[[63.5 + 0.3 * 63.5, 40.0]]]).numpy()
    label = torch.from_numpy(codec.encode(point)['keypoint_labels']).double()
    x, y = label[0, 0].tolist()
    heatmaps = gaussian(0.05, 0.05, x=x, y=y)
    assert float(star_loss(heatmaps, label, w=0)) == pytest.approx(0, abs=1e-6)
    decoded, _ = codec.decode(heatmaps[0].numpy())
    assert decoded == pytest.approx(point, abs=1e-4)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(mode='axis'), "mode is 'axis', expected one of per_axis, mahal"),
        (dict(restriction='both'), "restriction is 'both', expected one of value"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        STARLoss(**options)
