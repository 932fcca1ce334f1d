# SPDX-License-Identifier: Apache-2.0
"""Exported models against PyTorch."""

import dataclasses
import os

import cv2
import numpy as np
import onnx
import pytest
import torch
from conftest import REPO, run_script
from mmengine.config import Config
from narrow_models import KINDS, drawn_model, narrow_model

from mmpose_face import FaceLandmarker, OnnxLandmarker
from mmpose_face.inference.landmarker import TorchNetwork
from mmpose_face.inference.landmarking import Landmarker
from mmpose_face.inference.onnx import export
from mmpose_face.inference.onnx.export import export_onnx
from mmpose_face.inference.onnx.runtime import OnnxNetwork, open_session, run
from mmpose_face.landmarks import IBUG68

ROWS = sorted((REPO / 'configs/face_2d_keypoint').rglob('*.py'))
RNG = np.random.default_rng(0)
IMAGE = cv2.GaussianBlur(RNG.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 2)
BOXES = [
    [20, 30, 120, 140],
    [100, 10, 300, 220],
    [150.5, 40, 220, 99],
    [0, 0, 319, 239],
    [60, 60, 100, 100],
]


@pytest.fixture(scope='module')
def models():
    made = {}

    def model(kind):
        if kind not in made:
            made[kind] = narrow_model(kind)
        return made[kind]

    return model


def crops_for(network):
    return Landmarker(network).crop(IMAGE, np.array(BOXES)).pixels


def assert_same_faces(found, expected, pixels=0.05, scores=1e-4):
    assert len(found) == len(expected) == len(BOXES)
    for ours, theirs in zip(found, expected):
        assert ours.scheme == theirs.scheme
        np.testing.assert_array_equal(ours.box, theirs.box)
        np.testing.assert_allclose(ours.keypoints, theirs.keypoints, rtol=0, atol=pixels)
        np.testing.assert_allclose(ours.scores, theirs.scores, rtol=0, atol=scores)


@pytest.mark.parametrize('kind', KINDS)
def test_landmarks_are_those_of_the_face_landmarker(kind, models, tmp_path):
    path = tmp_path / 'face.onnx'
    parity = export_onnx(models(kind), path, with_decode=True)
    assert parity.points < 0.01 and parity.scores < 1e-4
    assert parity.undecided < 0.1 * parity.number
    found, expected = (
        landmarker(IMAGE, BOXES, channels='bgr')
        for landmarker in (OnnxLandmarker(path, threads=1), FaceLandmarker(models(kind)))
    )
    assert_same_faces(found, expected)
    # In crops that are unlike, of points that are: it is not by chance.
    crops = crops_for(TorchNetwork(models(kind)))
    points = OnnxNetwork(path)(crops)[0]
    assert np.ptp(points, 1).max() > 20
    assert np.ptp(points, 0).max() > 0.1


@pytest.mark.parametrize('kind', KINDS)
def test_flip_test_in_any_batch(kind, models, tmp_path):
    path = tmp_path / 'face.onnx'
    export_onnx(models(kind), path, with_decode=True, dynamic_batch=True, flip_test=True)
    network, expected = OnnxNetwork(path), TorchNetwork(models(kind), True)
    assert network.batch is None
    crops = crops_for(expected)
    for part in (crops, crops[:1], crops[2:4]):
        for ours, theirs in zip(network(part), expected(part)):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.01)
    straight = TorchNetwork(models(kind))(crops)[0]
    assert np.abs(straight - expected(crops)[0]).max() > 0.1


@pytest.mark.parametrize('kind', KINDS)
def test_half_precision(kind, models, tmp_path):
    path = tmp_path / 'face.onnx'
    parity = export_onnx(models(kind), path, with_decode=True, fp16=True)
    assert parity.limit == 0.5 and parity.undecided < 0.2 * parity.number
    file = onnx.load(path)
    sizes = {}
    for each in file.graph.initializer:
        sizes.setdefault(each.data_type, 0)
        sizes[each.data_type] += np.prod(each.dims)
    half, full = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    assert sizes.get(full, 0) < 0.1 * sizes[half]
    kinds = {each.type.tensor_type.elem_type for each in file.graph.output}
    assert kinds == {onnx.TensorProto.FLOAT}
    single = tmp_path / 'single.onnx'
    export_onnx(models(kind), single, with_decode=True)
    # It is not by chance that they agree: bits have been lost.
    crops = crops_for(TorchNetwork(models(kind)))
    half, full = (OnnxNetwork(each)(crops) for each in (path, single))
    assert 0 < max(np.abs(a - b).max() for a, b in zip(half, full))


@pytest.mark.parametrize(
    'kind, name, shape',
    [
        ('dark', 'heatmaps', (68, 32, 32)),
        ('stages', 'heatmaps', (68, 16, 16)),
        ('integral', 'heatmaps', (68, 32, 32)),
        ('regression', 'coordinates', (98, 2)),
    ],
)
def test_without_decode(kind, name, shape, models, tmp_path):
    path = tmp_path / 'face.onnx'
    parity = export_onnx(models(kind), path, batch_size=2)
    assert parity.points < 0.01
    session = open_session(path)
    assert [each.name for each in session.get_outputs()] == [name]
    crops = crops_for(TorchNetwork(models(kind)))
    (found,) = run(session, crops)
    assert found.shape == (len(BOXES), *shape)
    with torch.no_grad():
        images = torch.from_numpy(crops).permute(0, 3, 1, 2)
        batch = models(kind).data_preprocessor(dict(inputs=list(images)))
        outputs = models(kind).head(models(kind).extract_feat(batch['inputs']))
    outputs = outputs[-1] if isinstance(outputs, list) else outputs
    np.testing.assert_allclose(found, outputs, rtol=0, atol=1e-5)


def test_a_batch_that_is_fixed_takes_any_number(models, tmp_path):
    """The last one is filled up, and what it is filled with has no part."""
    path = tmp_path / 'face.onnx'
    export_onnx(models('dark'), path, with_decode=True, batch_size=4)
    network = OnnxNetwork(path)
    assert network.batch == 4
    crops = crops_for(TorchNetwork(models('dark')))
    expected = TorchNetwork(models('dark'))(crops)
    for number in range(1, len(crops) + 1):
        for ours, theirs in zip(network(crops[:number]), expected):
            assert len(ours) == number
            np.testing.assert_allclose(ours, theirs[:number], atol=0.01)


def test_metadata(models, tmp_path):
    """All that a program in another language needs."""
    path = tmp_path / 'face.onnx'
    export_onnx(models('dark'), path, with_decode=True)
    file = onnx.load(path)
    props = {each.key: each.value for each in file.metadata_props}
    assert props['format'] == 'mmpose_face/1'
    assert props['input_size'] == '[128, 128]'
    assert props['padding'] == '1.25'
    assert props['decoded'] == 'true' and props['flip_test'] == 'false'
    assert props['precision'] == 'fp32'
    assert props['config'] == 'td-hm_res18_dark-1xb16-20e_300w-128x128'
    metadata = OnnxNetwork(path).metadata
    assert metadata.scheme == IBUG68
    assert metadata.codec['type'] == 'FaceMSRAHeatmap'
    assert metadata.codec['unbiased'] is True
    pixels = metadata.normalization
    assert pixels['channels'] == 'rgb'
    np.testing.assert_allclose(pixels['mean'], [123.675, 116.28, 103.53])
    assert [each.name for each in file.graph.input] == ['crops']
    assert [each.name for each in file.graph.output] == ['points', 'scores']


def test_the_model_is_left_as_it_was(models, tmp_path):
    model = models('star')
    before = {key: each.clone() for key, each in model.state_dict().items()}
    export_onnx(model, tmp_path / 'face.onnx', fp16=True)
    for key, each in model.state_dict().items():
        assert each.dtype == before[key].dtype
        assert torch.equal(each, before[key])


def test_a_difference_is_an_error_and_leaves_nothing(models, tmp_path, monkeypatch):
    """As of an exporter that writes something else."""
    write = export.write_graph

    def write_another(graph, *args):
        with torch.no_grad():
            graph.decoder.scale += 1e-2
        write(graph, *args)

    monkeypatch.setattr(export, 'write_graph', write_another)
    with pytest.raises(
        ValueError,
        match=r'face.onnx: largest difference from '
        r'PyTorch 0\.\d+ px .*limit 0.05 px.*Nothing',
    ):
        export_onnx(models('dark'), tmp_path / 'face.onnx', with_decode=True)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    'change, complaint',
    [
        (dict(points=0.06), '0.06 px on 90 points'),
        (dict(points=float('inf')), 'inf px'),
        (dict(points=float('nan')), 'nan px'),
        (dict(scores=0.002), r'0.002 in scores \(limit 0.001\)'),
        (dict(undecided=810, undecided_points=2.0), '810 of 900 points depend on'),
    ],
)
def test_what_is_too_far_away(change, complaint):
    good = export.Parity(
        points=0.04,
        scores=0.0009,
        number=90,
        undecided=10,
        undecided_points=2.0,
        limit=0.05,
        score_limit=0.001,
    )
    good.check('face.onnx')
    assert '10 more points rounding decides' in str(good)
    with pytest.raises(ValueError, match=f'face.onnx: .*{complaint}'):
        dataclasses.replace(good, **change).check('face.onnx')


def test_a_model_without_peaks_is_an_error(models, tmp_path):
    model = narrow_model('dark')
    model.head.final_layer.register_forward_hook(lambda layer, inputs, heatmaps: heatmaps * 0 + 1)
    with pytest.raises(ValueError, match='544 of 544 points depend on'):
        export_onnx(model, tmp_path / 'face.onnx')
    assert os.listdir(tmp_path) == []


def test_bad_input(models, tmp_path):
    path = tmp_path / 'face.onnx'
    with pytest.raises(ValueError, match='batch_size must be positive, got 0'):
        export_onnx(models('dark'), path, batch_size=0)
    with pytest.raises(FileNotFoundError, match='no/face.onnx'):
        export_onnx(models('dark'), tmp_path / 'no/face.onnx')
    model = narrow_model('dark')
    model.head = torch.nn.Identity()
    with pytest.raises(ValueError, match='models with a Identity cannot be'):
        export_onnx(model, path)


def test_command(models, tmp_path):
    model = models('regression')  # no hook is a part of it
    model.cfg.dump(tmp_path / 'narrow.py')
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'narrow.pth')
    done = run_script(
        REPO / 'tools/export_onnx.py',
        tmp_path / 'narrow.py',
        '--with-decode',
        tmp_path / 'narrow.pth',
        '--dynamic-batch',
        tmp_path / 'face.onnx',
    )
    assert 'face.onnx: largest difference from PyTorch' in done.stdout
    assert OnnxNetwork(tmp_path / 'face.onnx').batch is None


@pytest.mark.slow
@pytest.mark.parametrize('fp16', [False, True], ids=['fp32', 'fp16'])
@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.stem)
def test_every_row_of_the_zoo(row, fp16, tmp_path):
    """In its full width, with weights that are drawn."""
    path = tmp_path / 'face.onnx'
    parity = export_onnx(
        drawn_model(Config.fromfile(row)), path, with_decode=True, dynamic_batch=True, fp16=fp16
    )
    megabytes = path.stat().st_size / 1e6
    print(f'\n{row.stem}, {megabytes:.1f} MB: {parity}')
    assert OnnxNetwork(path).metadata.config == row.stem


@pytest.mark.parametrize(
    'args, complaint',
    [
        (('no-such-model', 'face.onnx'), "no model 'no-such-model'"),
        (('no.py', 'no.pth', 'face.onnx'), 'checkpoint no.pth not found'),
        (('wflw-hrnetv2-w18', 'no.pth', 'face.onnx'), 'checkpoint no.pth not found'),
    ],
)
def test_command_with_bad_input(args, complaint, tmp_path):
    done = run_script(REPO / 'tools/export_onnx.py', *args, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert f'error: {complaint}' in done.stdout
    assert 'Traceback' not in done.stdout and os.listdir(tmp_path) == []
