# SPDX-License-Identifier: Apache-2.0
import copy

import numpy as np
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.models.utils.tta import flip_coordinates, flip_heatmaps
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import distributed

from mmpose_face.models.pose_estimators import flip_test
from mmpose_face.models.pose_estimators.flip_test import (
    halves,
    mean_coordinates,
    mean_heatmaps,
    mirror_index,
)

POINTS = 5
MIRROR = (1, 0, 2, 4, 3)
SIZE = (32, 64)  # not square: width and height

HEATMAPS = dict(type='FaceMSRAHeatmap', input_size=SIZE, heatmap_size=(8, 16), sigma=1.5)
DECONVOLUTION = dict(
    in_channels=32,
    deconv_out_channels=(8, 8, 8),
    deconv_kernel_sizes=(4, 4, 4),
    out_channels=POINTS,
)
NAMES = dict(
    FacePoseEstimator='TopdownPoseEstimator',
    FacePreprocessor='PoseDataPreprocessor',
    FaceHeatmapHead='HeatmapHead',
    FaceCPMHead='CPMHead',
    FaceRegressionHead='RegressionHead',
)
KINDS = {
    'heatmaps': dict(head=dict(type='FaceHeatmapHead', **DECONVOLUTION, decoder=HEATMAPS)),
    'dark': dict(
        head=dict(type='FaceHeatmapHead', **DECONVOLUTION, decoder=dict(HEATMAPS, unbiased=True))
    ),
    'stages': dict(head=dict(type='FaceCPMHead', num_stages=1, **DECONVOLUTION, decoder=HEATMAPS)),
    'coordinates': dict(
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='FaceRegressionHead',
            in_channels=32,
            num_joints=POINTS,
            decoder=dict(type='FaceRegressionLabel', input_size=SIZE),
        ),
    ),
    # Its predict is its own, so that it is given features.
    'one-dimensional': dict(
        head=dict(
            type='SimCCHead',
            in_channels=32,
            out_channels=POINTS,
            input_size=SIZE,
            in_featuremap_size=(1, 2),
            deconv_out_channels=None,
            decoder=dict(type='SimCCLabel', input_size=SIZE),
        )
    ),
}


def estimator(kind='heatmaps', ours=True, test_cfg={}, **options):
    """A narrow network with weights that place points everywhere."""
    torch.manual_seed(0)
    cfg = dict(
        type='FacePoseEstimator',
        data_preprocessor=dict(type='FacePreprocessor', mean=[120.0] * 3, std=[60.0] * 3),
        backbone=dict(type='ResNet', depth=18, base_channels=4),
        test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True, **test_cfg),
        **copy.deepcopy(KINDS[kind]),
        **options,
    )
    if not ours:
        for part in (cfg, cfg['data_preprocessor'], cfg['head']):
            part['type'] = NAMES.get(part['type'], part['type'])
    init_default_scope('mmpose')
    model = MODELS.build(cfg).eval()
    for name, weights in model.named_parameters():
        if weights.ndim > 1:
            drawn = torch.empty(weights.shape)
            weights.data.copy_(torch.nn.init.kaiming_normal_(drawn))
    return model


def faces(number=3):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (number, 3, *SIZE[::-1]), np.uint8)
    samples = []
    for i in range(number):
        truth = InstanceData(bboxes=np.ones((1, 4)), bbox_scores=np.ones(1, np.float32))
        samples.append(
            PoseDataSample(
                gt_instances=truth,
                metainfo=dict(
                    flip_indices=list(MIRROR),
                    input_size=SIZE,
                    input_center=np.array([40.0, 50.0 + i]),
                    input_scale=np.array([64.0, 128.0]) * (i + 1),
                ),
            )
        )
    return dict(inputs=list(torch.from_numpy(images)), data_samples=samples)


def points_of(model, number=3):
    with torch.no_grad():
        return model.test_step(faces(number))


def check_same(found, expected, atol=0):
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        for key in b.pred_instances.keys():
            np.testing.assert_allclose(
                a.pred_instances[key], b.pred_instances[key], rtol=1e-5, atol=atol, err_msg=key
            )


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('number', [1, 3])
@pytest.mark.parametrize('flip', [True, False])
def test_points_are_mmposes(kind, number, flip):
    """On maps that are not square."""
    ours, theirs = estimator(kind), estimator(kind, ours=False)
    for model in (ours, theirs):
        model.test_cfg['flip_test'] = flip
    found, expected = points_of(ours, number), points_of(theirs, number)
    check_same(found, expected, atol=1e-3)
    points = np.concatenate([each.pred_instances.keypoints for each in found])
    assert np.ptp(points, axis=1).min() > 4


@pytest.mark.parametrize('number', [1, 3, 5])
def test_one_forward_of_image_and_mirror_image(number, monkeypatch):
    sizes = []
    model = estimator()
    model.backbone.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    expected = points_of(model, number)
    # On the CPU, but a single image, in two.
    assert sizes == ([2] if number == 1 else [number] * 2)
    for most, seen in ((0, [number] * 2), (2 * number, [2 * number])):
        monkeypatch.setattr(flip_test, '_CPU_BATCH', most)
        sizes.clear()
        check_same(points_of(model, number), expected, atol=1e-3)
        assert sizes == seen


def test_heatmaps_are_handed_out():
    ours, theirs = (
        points_of(estimator(ours=ours, test_cfg=dict(output_heatmaps=True)))
        for ours in (True, False)
    )
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a.pred_fields.heatmaps, b.pred_fields.heatmaps)


@pytest.mark.parametrize('kind', ['heatmaps', 'coordinates'])
def test_gradients_may_be_on(kind):
    """As with MMPose's class, for who does not switch them off."""
    model = estimator(kind)
    check_same(model.test_step(faces()), points_of(model))


def test_empty_batch():
    images = torch.zeros(0, 3, *SIZE[::-1], dtype=torch.uint8)
    assert estimator().test_step(dict(inputs=images, data_samples=[])) == []


@pytest.mark.parametrize('kind', ['heatmaps', 'dark', 'coordinates'])
def test_one_landmark(kind, monkeypatch):
    """Trained on and found as MMPose does."""
    monkeypatch.setitem(globals(), 'MIRROR', (0,))
    name = 'num_joints' if kind == 'coordinates' else 'out_channels'
    kinds = copy.deepcopy(KINDS)
    kinds[kind]['head'][name] = 1
    monkeypatch.setitem(globals(), 'KINDS', kinds)
    monkeypatch.setitem(globals(), 'POINTS', 1)
    ours, theirs = estimator(kind), estimator(kind, ours=False)
    check_same(points_of(ours), points_of(theirs), atol=1e-3)
    assert points_of(ours)[0].pred_instances.keypoints.shape == (1, 1, 2)
    assert losses_of(ours, kind)[0] > 0


@pytest.mark.parametrize('shift', [True, False])
@pytest.mark.parametrize('shape', [(1, 5, 3, 4), (3, 5, 4, 1), (2, 5, 1, 2)])
def test_mean_of_heatmaps_is_mmposes(shift, shape):
    """To the last bit, and what is given stays as it is."""
    straight, mirrored = torch.randn(2, *shape)
    before = straight.clone(), mirrored.clone()
    index = mirror_index(MIRROR, torch.device('cpu'))
    found = mean_heatmaps(straight, mirrored, index, shift)
    assert torch.equal(straight, before[0])
    assert torch.equal(mirrored, before[1])
    theirs = flip_heatmaps(mirrored, list(MIRROR), 'heatmap', shift)
    assert torch.equal(found, (straight + theirs) * 0.5)


@pytest.mark.parametrize('shift', [True, False])
def test_mean_of_coordinates_is_mmposes(shift):
    straight, mirrored = torch.rand(2, 4, POINTS, 2)
    index = mirror_index(MIRROR, torch.device('cpu'))
    found = mean_coordinates(straight, mirrored, index, shift, SIZE)
    theirs = flip_coordinates(mirrored.clone(), list(MIRROR), shift, SIZE)
    assert torch.equal(found, (straight + theirs) * 0.5)


def test_halves_of_nested_features():
    x = torch.arange(4.0)
    first, second = halves((x, [x * 2, (x * 3,)]))
    assert isinstance(first[1], list) and isinstance(first[1][1], tuple)
    assert first[1][1][0].tolist() == [0, 3]
    assert second[0].tolist() == [2, 3]
    assert second[1][0].tolist() == [4, 6]


# A backend that compiles nothing: torch traces, which takes seconds.
COMPILED = dict(backend='eager')
COMBINATIONS = {
    'none': {},
    'amp': dict(amp=True),
    'channels_last': dict(channels_last=True),
    'both': dict(amp=True, channels_last=True),
    'compiled': dict(compile=COMPILED),
    'all': dict(amp=True, channels_last=True, compile=COMPILED),
}


def labelled_batch(kind='dark', number=4):
    torch.manual_seed(1)
    decoder = dict(KINDS[kind]['head']['decoder'])
    targets = dict(
        encoder=KEYPOINT_CODECS.build(decoder),
        keypoints=torch.rand(number, POINTS, 2) * torch.tensor(SIZE),
        keypoints_visible=torch.ones(number, POINTS),
    )
    return dict(faces(number), targets=targets)


def losses_of(model, kind):
    """Of a training step, and the sum of the gradients' squares."""
    batch = labelled_batch(kind)
    model.train()
    losses = model._run_forward(model.data_preprocessor(batch, True), 'loss')
    assert losses['loss_kpt'].dtype == torch.float32
    losses['loss_kpt'].backward()
    squares = sum(p.grad.square().sum() for p in model.parameters())
    model.eval()
    return losses['loss_kpt'].item(), squares.item()


def check_outputs(model, plain, amp):
    with torch.no_grad():
        images = model.data_preprocessor(faces())['inputs']
        outputs, reference = (each(images, None, mode='tensor') for each in (model, plain))
    if isinstance(outputs, list):
        outputs, reference = outputs[-1], reference[-1]
    assert outputs.dtype == reference.dtype == torch.float32
    rounded = (outputs - reference).abs().max() > 1e-3 * reference.abs().max()
    assert rounded == amp
    atol = (0.1 if amp else 1e-4) * reference.abs().max().item()
    torch.testing.assert_close(outputs, reference, rtol=0, atol=atol)


def check_losses(model, plain, kind, amp):
    found, expected = losses_of(model, kind), losses_of(plain, kind)
    assert found[0] == pytest.approx(expected[0], rel=0.1 if amp else 1e-4)
    assert found[1] == pytest.approx(expected[1], rel=0.5 if amp else 1e-4)


@pytest.mark.parametrize(
    'kind,switches',
    [('dark', name) for name in COMBINATIONS]
    + [(kind, name) for kind in ('stages', 'coordinates') for name in ('both', 'all')],
)
def test_switches_work_together(kind, switches):
    """In training and in tests: bfloat16 keeps 8 bits, the others all."""
    torch.compiler.reset()
    switches = COMBINATIONS[switches]
    amp = 'amp' in switches
    plain, model = estimator(kind), estimator(kind, network=dict(switches))
    assert list(model.state_dict()) == list(plain.state_dict())
    check_outputs(model, plain, amp)
    check_losses(model, plain, kind, amp)
    assert len(points_of(model)) == 3


@pytest.mark.slow
@pytest.mark.parametrize('more', [{}, dict(amp=True, channels_last=True)])
def test_really_compiled(more):
    """By torch's own compiler: minutes."""
    torch.compiler.reset()
    plain = estimator('dark')
    model = estimator('dark', network=dict(more, compile=True))
    check_outputs(model, plain, amp=bool(more))
    check_losses(model, plain, 'dark', amp=bool(more))


@pytest.fixture
def process_group(tmp_path):
    """Of one process."""
    distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize('switches', ['none', 'all'])
def test_distributed(switches, process_group):
    """The same steps as without, and the copy of the weights is filled."""
    torch.compiler.reset()
    models = [estimator('dark', network=dict(COMBINATIONS[switches])) for _ in range(2)]
    models[1] = MMDistributedDataParallel(models[1])
    losses = []
    for model in models:
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
        wrapper = OptimWrapper(optimizer)
        losses.append(
            [model.train_step(labelled_batch(), wrapper)['loss'].item() for _ in range(3)]
        )
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert len(set(losses[0])) == 3


def test_amp_reaches_the_network():
    """Channels last are in test_memory_format.py."""
    model, kept = estimator(network=dict(amp=True)), []
    model.backbone.layer4.register_forward_hook(lambda module, args, output: kept.append(output))
    found = points_of(model)
    assert kept[0].dtype == torch.bfloat16
    for sample in found:
        assert sample.pred_instances.keypoints.dtype == np.float32


def test_compiled_copies_are_their_own():
    """As the hook that averages weights makes them."""
    torch.compiler.reset()
    model = estimator(network=dict(compile=COMPILED))
    before = points_of(model)
    twin = copy.deepcopy(model)
    for weights in model.parameters():
        weights.data.zero_()
    check_same(points_of(twin), before, atol=1e-3)


@pytest.mark.parametrize(
    'network,message',
    [
        (dict(half=True), "no switch 'half', expected amp, channels_last"),
        (dict(amp='yes'), "network.amp is 'yes', expected True or False"),
        (dict(amp={}), 'network.amp is {}, expected True or False'),
    ],
)
def test_switches_that_are_not(network, message):
    with pytest.raises(ValueError, match=message):
        estimator(network=network)


def test_compiling_without_a_compiler(monkeypatch):

    def nothing():
        raise RuntimeError('No working C++ compiler found')

    monkeypatch.setattr('torch._inductor.cpp_builder.get_cpp_compiler', nothing)
    with pytest.raises(ValueError, match='needs a C.. compiler.*No working'):
        estimator(network=dict(compile=True))
    estimator(network=dict(compile=COMPILED))
