# SPDX-License-Identifier: Apache-2.0
"""Training and prediction of the paper's network, and its rows."""

import numpy as np
import pytest
import torch
from conftest import REPO
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.registry import HOOKS
from mmpose.structures import PoseDataSample

from mmpose_face.codecs import SoftArgmax
from mmpose_face.evaluation import SubsetNME
from mmpose_face.models import (
    AttentionHourglass,
    AttentionHourglassHead,
    STARLoss,
    WeightedAdaptiveWingLoss,
)
from mmpose_face.models.backbones import StackMaps
from mmpose_face.models.landmark_maps import point_maps

ROWS = sorted(
    (REPO / 'configs/face_2d_keypoint/topdown_regression').glob('*/td-reg_star-hourglass_*.py')
)
K, E, SIZE = 29, 7, 64  # of COFW
CODEC = SoftArgmax((SIZE, SIZE))


def head(**options) -> AttentionHourglassHead:
    options = dict(
        dict(
            scheme='cofw29',
            out_channels=K,
            loss=dict(type='STARLoss'),
            map_loss=dict(
                type='WeightedAdaptiveWingLoss', use_target_weight=True, loss_weight=10.0
            ),
            decoder=dict(type='SoftArgmax', input_size=(SIZE, SIZE)),
        ),
        **options,
    )
    return AttentionHourglassHead(**options)


def faces(n: int = 2) -> np.ndarray:
    """Points (n, K, 2) in pixels of the crop."""
    return np.random.default_rng(0).uniform(4, 60, (n, K, 2))


def samples(points: np.ndarray, visible=None) -> list:
    visible = np.ones(points.shape[:2]) if visible is None else visible
    made = []
    for face, seen in zip(points, visible):
        labels = CODEC.encode(face[None], seen[None])
        sample = PoseDataSample(metainfo=dict(flip_indices=range(K)))
        sample.gt_instances = InstanceData(keypoints_visible=seen[None])
        sample.gt_instance_labels = InstanceData(
            **{name: torch.from_numpy(v) for name, v in labels.items()}
        )
        made.append(sample)
    return made


def maps(n: int = 2, stacks: int = 4) -> tuple:
    torch.manual_seed(0)
    return tuple(
        StackMaps(
            torch.randn(n, K, 256).softmax(-1).view(n, K, 16, 16),
            torch.rand(n, K, 16, 16),
            torch.rand(n, E, 16, 16),
        )
        for _ in range(stacks)
    )


def test_losses_of_stacks_by_hand():
    """1/8, 1/4, 1/2 and 1 times the loss of each, from the first to the
    last."""
    made, found = head(), maps()
    data = samples(faces())
    labels = torch.cat([d.gt_instance_labels.keypoint_labels for d in data])
    points, edges = made.targets(labels, 16, 16)
    star, awing = STARLoss(), WeightedAdaptiveWingLoss(loss_weight=10.0)
    expected = dict(loss_kpt=0.0, loss_points=0.0, loss_edges=0.0)
    for factor, stack in zip((0.125, 0.25, 0.5, 1.0), found):
        expected['loss_kpt'] += factor * star(stack.heatmaps, labels)
        expected['loss_points'] += factor * awing(stack.point_maps, points)
        expected['loss_edges'] += factor * awing(stack.edge_maps, edges)
    losses = made.loss(found, data)
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)


def test_targets_are_where_the_points_are():
    """A point's map is brightest, and its edge bright, at its cell: the
    middle of cell (3, 5) are the pixels (13.5, 21.5)."""
    face = faces(1)
    face[0, 0] = 13.5, 21.5  # the outer end of the left brow
    labels = torch.from_numpy(CODEC.encode(face)['keypoint_labels'])
    points, edges = head().targets(labels, 16, 16)
    assert points[0, 0].argmax() == 5 * 16 + 3
    pixels = torch.from_numpy(face).float()
    torch.testing.assert_close(points, point_maps(pixels, 16, 16))
    on_edge = head().of_edges[:, 0].argmax()
    assert edges[0, on_edge, 5, 3] > 0.3
    assert not points.requires_grad


def test_faces_have_their_own_targets():
    made, found, points = head(), maps(), faces()
    before = made.loss(found, samples(points))
    points[1] = 64 - points[1]
    after = made.loss(found, samples(points))
    assert all(before[name] != after[name] for name in before)


def test_unlabelled_points_have_no_part():
    """Nor the edges through them."""
    made, found = head(), maps()
    visible = np.ones((2, K))
    visible[1, 0] = 0
    losses = []
    for x in (20.0, 50.0, float('nan')):
        points = faces()
        points[1, 0] = x
        losses.append(made.loss(found, samples(points, visible)))
    for other in losses[1:]:
        for name, value in losses[0].items():
            assert value == other[name]
    for visible[1, 0] in (1, 0):
        given = [torch.tensor(0.0)]
        made.map_loss.register_forward_hook(lambda loss, args, out: given.append(args[2]))
        made.loss(found, samples(faces(), visible))
        missing = [(w == 0).nonzero().tolist() for w in given[-2:]]
        edge = int(made.of_edges[:, 0].argmax())
        assert missing == ([[], []] if visible[1, 0] else [[[1, 0]], [[1, edge]]])


def test_points_outside_the_crop():
    """Their maps are to be empty, their edges drawn in part; STAR has no
    target there."""
    made, found, points = head(), maps(), faces()
    points[0, 0] = -20, 30
    data = samples(points)
    drawn, edges = made.targets(
        torch.cat([d.gt_instance_labels.keypoint_labels for d in data]), 16, 16
    )
    assert drawn[0, 0].max() < 1e-6
    assert edges[0, made.of_edges[:, 0].argmax()].max() > 0.3
    before = made.loss(found, data)
    points[0, 0] = -20, 34
    after = made.loss(found, samples(points))
    assert before['loss_kpt'] == after['loss_kpt']
    assert before['loss_edges'] != after['loss_edges']


def test_prediction_is_of_the_last_stack():
    made, found = head(), maps()
    predicted = made.predict(found, samples(faces()))
    points, scores = CODEC.batch_decode(found[-1].heatmaps)
    for prediction, point, score in zip(predicted, points, scores):
        np.testing.assert_array_equal(prediction.keypoints, point)
        np.testing.assert_array_equal(prediction.keypoint_scores, score)


def test_flip_test_is_the_mean_of_both():
    made, data = head(), samples(faces())
    swapped = [*range(1, K), 0]
    for sample in data:
        sample.set_metainfo(dict(flip_indices=swapped))
    found, mirrored = maps(), maps()[::-1]
    predicted = made.predict([found, mirrored], data, dict(flip_test=True, flip_mode='heatmap'))
    straight, other = (np.stack(CODEC.batch_decode(m[-1].heatmaps)[0]) for m in (found, mirrored))
    other = other[:, :, swapped]
    other[..., 0] = SIZE - 1 - other[..., 0]
    np.testing.assert_allclose(
        np.stack([p.keypoints for p in predicted]), (straight + other) / 2, atol=1e-4
    )


def test_number_of_landmarks():
    with pytest.raises(ValueError, match='out_channels is 68, but cofw29 has'):
        head(out_channels=68)


def training():
    """A small network with its head, and two faces."""
    torch.manual_seed(0)
    model = torch.nn.ModuleList([AttentionHourglass('cofw29', channels=16, levels=3), head()])
    images, data = torch.randn(2, 3, SIZE, SIZE), samples(faces())

    def losses():
        return model[1].loss(model[0](images), data)

    return model, losses


def test_every_parameter_has_a_gradient():
    model, losses = training()
    sum(losses().values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize('name', ['loss_kpt', 'loss_points', 'loss_edges'])
def test_training_lowers_each_loss(name):
    """By a twentieth, soon; with two faces it goes up and down on the way,
    on each kind of processor in another step."""
    model, losses = training()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    history = []
    while not history or history[-1] >= 0.95 * history[0]:
        assert len(history) < 40, history
        loss = losses()[name]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())


@pytest.mark.parametrize('path', ROWS, ids=lambda path: path.stem)
def test_rows_follow_the_paper(path):
    cfg = Config.fromfile(path)
    assert cfg.model.data_preprocessor.get('bgr_to_rgb', False) is False
    assert cfg.train_dataloader.batch_size * 4 == 128
    assert cfg.model.head.map_loss.loss_weight == 10
    averaging = HOOKS.build(cfg.custom_hooks[-1])
    assert averaging.ema_cfg['momentum'] == pytest.approx(1 - 0.9912, abs=1e-4)
    assert averaging.ema_cfg['update_buffers']


def test_cofw_has_both_normalizers():
    cfg = Config.fromfile(next(p for p in ROWS if 'cofw' in p.name))
    metrics = [
        SubsetNME(**{k: v for k, v in metric.items() if k != 'type'})
        for metric in cfg.test_evaluator
    ]
    assert [(m.normalizer, m.prefix) for m in metrics] == [
        (None, ''),
        ('inter_pupil', 'inter_pupil'),
    ]
    assert [m.bootstrap for m in metrics] == [1000, 1000]
