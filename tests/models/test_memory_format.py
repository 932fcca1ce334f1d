# SPDX-License-Identifier: Apache-2.0
"""Channels last: on GPUs, and never on CPUs."""

import platform

import pytest
import torch
from conftest import run_python
from test_face_pose_estimator import COMBINATIONS, check_outputs, estimator, losses_of, points_of
from torch import nn

from mmpose_face.models import memory_format as module

LAST = torch.channels_last
ON = dict(channels_last=True)
each_mode = pytest.mark.parametrize('mode', ['loss', 'points', 'tensor'])


@pytest.fixture
def as_on_gpus(monkeypatch):
    """For forward passes; backward passes can end the process."""
    monkeypatch.setattr(module, '_CHANNELS_LAST_DEVICES', ('cuda', 'cpu'))


def compute(model, mode):
    if mode == 'loss':
        losses_of(model, 'dark')
    elif mode == 'points':
        points_of(model)
    else:
        with torch.no_grad():
            model(torch.zeros(2, 3, 64, 32), None, mode='tensor')


def strides(model):
    return {name: weights.stride() for name, weights in model.named_parameters()}


@each_mode
def test_never_on_cpus(mode):
    """No convolution gets them, neither in its images nor in its weights."""
    model, orders = estimator('dark', network=dict(ON)), []
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_pre_hook(
                lambda _, inputs: orders.append(inputs[0].is_contiguous())
            )
    compute(model, mode)
    assert len(orders) > 10 and all(orders)
    assert strides(model) == strides(estimator('dark'))


def test_one_warning_where_it_has_no_effect(logged):
    """And none before the first batch: a model is made on the CPU and moved
    then."""
    module.warn_unless_channels_last.cache_clear()
    points_of(estimator())
    models = [estimator(network=dict(ON)) for _ in range(2)]
    with torch.no_grad():
        models[0].extract_feat(torch.zeros(1, 3, 64, 32))
    assert not logged.records
    for model in models * 2:
        points_of(model)
    (message,) = logged.messages
    assert "network.channels_last has no effect on 'cpu'" in message
    assert logged.records[0].levelname == 'WARNING'


def test_no_warning_on_gpus(logged, as_on_gpus):
    module.warn_unless_channels_last.cache_clear()
    points_of(estimator(network=dict(ON)))
    assert not logged.records
    module.warn_unless_channels_last.cache_clear()


@pytest.mark.parametrize('kind', ['dark', 'stages', 'coordinates'])
@pytest.mark.parametrize('switches', ['channels_last', 'both', 'all'])
def test_same_outputs(kind, switches, as_on_gpus):
    torch.compiler.reset()
    switches = COMBINATIONS[switches]
    model = estimator(kind, network=dict(switches))
    check_outputs(model, estimator(kind), 'amp' in switches)


def test_layers_get_channels_last(as_on_gpus):
    model, given = estimator(network=dict(ON)).to('cpu'), []
    model.backbone.layer4.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    points_of(model)
    assert given[0].is_contiguous(memory_format=LAST)
    assert model.data_preprocessor.channels_last
    assert model.backbone.conv1.weight.is_contiguous(memory_format=LAST)


def test_weights_follow_the_device(monkeypatch):
    """To a GPU and back, also 1x1 weights, which are contiguous in either
    order; and a checkpoint does not change it."""
    expected = strides(estimator())
    model = estimator(network=dict(ON))
    assert strides(model) == expected
    for devices in (('cuda', 'cpu'), ('cuda',)):
        monkeypatch.setattr(module, '_CHANNELS_LAST_DEVICES', devices)
        model.to('cpu')
        model.load_state_dict(estimator().state_dict())
        last = model.backbone.layer1[0].conv1.weight.is_contiguous(memory_format=LAST)
        assert last == ('cpu' in devices)
        assert (strides(model) == expected) == (not last)


def test_same_seed_same_weights(as_on_gpus):
    """Drawn in the order of the memory, they would be others."""
    models = [estimator(network=dict(channels_last=value)).to('cpu') for value in (False, True)]
    for model in models:
        torch.manual_seed(0)
        model.init_weights()
    for a, b in zip(*(model.parameters() for model in models)):
        assert torch.equal(a, b)
    weights = models[1].backbone.layer1[0].conv1.weight
    assert weights.is_contiguous(memory_format=LAST)


@each_mode
@pytest.mark.parametrize('device', ['cpu', 'cuda'])
def test_compiler_leaves_the_order_on_cpus(mode, device, monkeypatch):
    """Which it would change by itself."""
    config, orders = pytest.importorskip('torch._inductor.config'), []

    def backend(graph, inputs):
        orders.append(config.layout_optimization)
        return graph.forward

    torch.compiler.reset()
    if device == 'cuda':
        monkeypatch.setattr(module, '_CHANNELS_LAST_DEVICES', ('cuda', 'cpu'))
    compute(estimator('dark', network=dict(compile=dict(backend=backend))), mode)
    assert orders and set(orders) == {device == 'cuda'}
    assert config.layout_optimization


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
def test_on_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)
    model = estimator('dark', network=dict(ON)).cuda()
    weights = model.backbone.layer1[0].conv1.weight
    assert weights.is_contiguous(memory_format=LAST)
    found = losses_of(model, 'dark')
    assert found == pytest.approx(losses_of(estimator('dark').cuda(), 'dark'), rel=1e-3)
    assert strides(model.cpu()) == strides(estimator('dark'))


SCRIPT = """
import sys
import torch

order = getattr(torch, sys.argv[1])
torch.manual_seed(0)
for _ in range(20):
    layer = torch.nn.Conv2d(4, 8, 1, 2)
    images = torch.randn(2, 4, 64, 64).contiguous(memory_format=order)
    outputs = layer.to(memory_format=order)(images.requires_grad_())
    upstream = torch.randn_like(outputs)
    outputs.backward(upstream)
    expected = torch.einsum('bohw,bihw->oi', upstream, images[..., ::2, ::2])
    torch.testing.assert_close(
        layer.weight.grad[..., 0, 0], expected, rtol=1e-3, atol=1e-3)
print('gradients are right')
"""


@pytest.mark.skipif(
    platform.machine() not in ('x86_64', 'AMD64')
    or not (
        torch.backends.mkldnn.is_available()
        and getattr(torch.cpu, '_is_avx2_supported', lambda: True)()
    ),
    reason='needs oneDNN on x86-64 with AVX2',
)
@pytest.mark.parametrize('order', ['contiguous_format', 'channels_last'])
def test_the_fault_of_torch(order, tmp_path):
    """When this fails with channels last, they can be used on CPUs."""
    path = tmp_path / 'gradients.py'
    path.write_text(SCRIPT)
    done = run_python(path, order, check=False, ONEDNN_MAX_CPU_ISA='AVX2')
    right = done.returncode == 0 and 'gradients are right' in done.stdout
    assert right == (order == 'contiguous_format'), done.stdout
