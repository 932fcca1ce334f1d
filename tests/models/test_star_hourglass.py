# SPDX-License-Identifier: Apache-2.0
"""The paper's network: its size, its attention and what its stacks tell each
other."""

import pytest
import torch
from mmengine.analysis import FlopAnalyzer
from torch.nn.functional import interpolate

from mmpose_face.landmarks import SCHEMES
from mmpose_face.models import AttentionHourglass
from mmpose_face.models.backbones.attention_hourglass import Bottleneck, Hourglass, with_coordinates
from mmpose_face.models.landmark_maps import edges_of


def small(scheme: str = 'cofw29', **options) -> AttentionHourglass:
    torch.manual_seed(0)
    options = dict(dict(num_stacks=2, levels=2, channels=16), **options)
    return AttentionHourglass(scheme, **options).eval()


# The published 13.476, 13.369 and 13.225 million.
SIZES = dict(wflw98=13_476_468, ibug68=13_368_708, cofw29=13_225_028)


@pytest.mark.parametrize('scheme', SIZES)
def test_number_of_parameters(scheme):
    model = AttentionHourglass(scheme)
    assert sum(p.numel() for p in model.parameters()) == SIZES[scheme]


@pytest.mark.parametrize(
    'scheme, published', [('wflw98', 17.35), ('ibug68', 16.91), ('cofw29', 16.31)]
)
def test_multiplications_at_256(scheme, published):
    """All are convolutions, which a sixteenth of the area takes a sixteenth
    of; the sum over the edges is one too."""
    model = AttentionHourglass(scheme).eval()
    analyzer = FlopAnalyzer(model, torch.rand(1, 3, 64, 64))
    analyzer.unsupported_ops_warnings(False)
    found = analyzer.by_operator()
    assert {'conv', 'einsum'} <= found.keys()
    billions = 16 * (found['conv'] + found['einsum']) / 1e9
    assert round(billions, 2) == published


def test_maps_of_every_stack():
    found = small('wflw98', num_stacks=3)(torch.rand(2, 3, 32, 48))
    assert len(found) == 3
    for maps in found:
        assert maps.heatmaps.shape == (2, 98, 8, 12)
        assert maps.point_maps.shape == (2, 98, 8, 12)
        assert maps.edge_maps.shape == (2, 9, 8, 12)
        assert (maps.heatmaps >= 0).all()
        torch.testing.assert_close(maps.heatmaps.sum((-2, -1)), torch.ones(2, 98))
        for probabilities in maps[1:]:
            assert ((probabilities > 0) & (probabilities < 1)).all()


def test_float32_under_autocast():
    with torch.autocast('cpu', torch.bfloat16):
        found = small()(torch.rand(2, 3, 32, 32))[-1]
    assert {maps.dtype for maps in found} == {torch.float32}
    torch.testing.assert_close(found[0].sum((-2, -1)), torch.ones(2, 29))


def test_attention_by_hand():
    """Heatmap x point map x the sum of the landmark's edges, 1 for a landmark
    on no edge."""
    model, edges = small(), edges_of('cofw29')
    torch.manual_seed(1)
    heatmaps, points = torch.rand(2, 1, 29, 4, 4)
    lines = torch.rand(1, len(edges), 4, 4)
    found = model._attended(heatmaps, points, lines).heatmaps
    for k, name in enumerate(SCHEMES['cofw29'].points):
        attention = points[:, k] * torch.ones(1, 4, 4)
        on = [i for i, edge in enumerate(edges) if k in edge.points]
        assert len(on) == (
            0
            if name in ('left_pupil', 'right_pupil', 'chin')
            else 2
            if name.endswith('mouth_corner')
            else 1
        )
        if on:
            attention = points[:, k] * sum(lines[:, i] for i in on)
        expected = heatmaps[:, k] * attention
        torch.testing.assert_close(found[:, k], expected / expected.sum())


def test_empty_heatmaps_stay_empty():
    empty = torch.zeros(1, 29, 4, 4)
    found = small()._attended(empty, empty, torch.zeros(1, 7, 4, 4))
    assert (found.heatmaps == 0).all()


def test_coordinates_by_hand():
    found = with_coordinates(torch.full((1, 1, 2, 3), 7.0))[0]
    corner, side = 1.0, 0.5**0.5
    expected = torch.tensor(
        [
            [[7.0, 7, 7], [7, 7, 7]],
            [[-1, 0, 1], [-1, 0, 1]],
            [[-1, -1, -1], [1, 1, 1]],
            [[corner, side, corner], [corner, side, corner]],
        ]
    )
    torch.testing.assert_close(found, expected)


def test_gated_coordinates_by_hand():
    gate = torch.tensor([[[[0.04, 0.06, 0.0], [0, 0.04, 3]]]])
    found = with_coordinates(torch.zeros(1, 1, 2, 3), gate)[0, 4:]
    torch.testing.assert_close(
        found,
        torch.tensor(
            [
                [[0.0, 0, 0], [0, 0, 1]],
                [[0, -1, 0], [0, 0, 1]],
            ]
        ),
    )


def test_the_gate_is_the_last_landmarks_heatmap():
    """Of the stack before, without attention; its first stack has none."""
    model, seen = small(num_stacks=3), []
    for stack in model.stacks:
        stack.register_forward_hook(lambda stack, args, maps: seen.append((args[0], maps)))
    model(torch.rand(1, 3, 32, 32))
    assert [x.shape[1] - 16 for x, _ in seen] == [3, 5, 5]
    for (_, maps), (x, _) in zip(seen, seen[1:]):
        gate = maps[1][:, -1:] > 0.05
        assert gate.any() and not gate.all()
        torch.testing.assert_close(x[:, -2:], x[:, 16:18] * gate)


def test_a_stack_is_told_all_that_the_one_before_found():
    model = small()
    image = torch.rand(1, 3, 32, 32)
    before = model(image)[1].point_maps
    for merge in model.merges[0]:
        weight = merge.weight.data.clone()
        merge.weight.data.zero_()
        assert not torch.equal(model(image)[1].point_maps, before)
        merge.weight.data.copy_(weight)
    assert torch.equal(model(image)[1].point_maps, before)


def test_block_by_hand():
    """Each convolution behind ReLU, the shortcut as it is; in evaluation a
    new normalisation does nothing but divide by sqrt(1 + eps)."""
    block = Bottleneck(4, 4).eval()
    x = torch.randn(1, 4, 5, 5)
    expected = x
    for unit in block.residual:
        expected = unit[2](expected.relu() / (1 + 1e-5) ** 0.5)
    torch.testing.assert_close(block(x), x + expected)


def test_hourglass_by_hand():
    hourglass = Hourglass(1, 4).eval()
    _, first, inner, last, _ = hourglass.lower
    x = torch.randn(1, 4, 4, 4)
    lower = last(inner(first(x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5)))))
    torch.testing.assert_close(
        hourglass(x), hourglass.shortcut(x) + interpolate(lower, scale_factor=2)
    )


def test_input_of_another_size():
    with pytest.raises(ValueError, match=r'multiples of 16, got \(32, 40\)'):
        small()(torch.rand(1, 3, 32, 40))
    with pytest.raises(ValueError, match='unknown landmark scheme'):
        AttentionHourglass('wflw')
