# SPDX-License-Identifier: Apache-2.0
"""Exported models where torch is not installed, and files that are not
ours."""

import json
import re
import subprocess
import sys

import cv2
import numpy as np
import onnx
import pytest
from conftest import REPO
from hypothesis import given
from hypothesis import strategies as st
from narrow_models import narrow_model
from onnx import TensorProto, helper

from mmpose_face import FaceLandmarker, OnnxLandmarker
from mmpose_face.inference.onnx.export import export_onnx
from mmpose_face.inference.onnx.metadata import OnnxMetadata
from mmpose_face.inference.onnx.runtime import OnnxNetwork
from mmpose_face.landmarks import SCHEMES, Curve, Scheme
from mmpose_face.synthesis import render_face


@pytest.fixture(scope='module')
def model():
    return narrow_model('dark')


@pytest.fixture(scope='module')
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('onnx') / 'face.onnx'
    export_onnx(model, path, with_decode=True, dynamic_batch=True)
    return path


@pytest.fixture(scope='module')
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp('photo') / 'photo.png'
    cv2.imwrite(str(path), render_face(0, 0, 256, ()).image)
    return path


# The packages are not there: `import torch` fails as where nothing is
# installed, and importlib finds no torch.
WITHOUT_TORCH = """
import json, sys
for name in ('torch', 'torchvision', 'mmpose', 'mmengine', 'mmcv', 'mmdet',
             'PIL', 'matplotlib', 'scipy', 'rich', 'onnx', 'h5py'):
    sys.modules[name] = None
from mmpose_face import OnnxLandmarker
file, photo, folder = sys.argv[1:]
landmarker = OnnxLandmarker(file, threads=1, second_pass=False)
faces = landmarker(photo)
faces.draw(folder + '/drawn.png')
faces.to_json(folder + '/faces.json')
boxes = [[[40, 50, 200, 210], [60, 60, 180, 190]]]
several, = landmarker([photo], boxes=boxes)
print(json.dumps([several.to_dict(), len(several[0]['left_eye'])]))
"""


def test_without_torch(model, file, photo, tmp_path):
    """In a process of its own, from the image to drawing and JSON."""
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT_TORCH, file, photo, tmp_path],
        cwd=REPO,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    faces = json.loads((tmp_path / 'faces.json').read_text())
    expected = FaceLandmarker(model)(photo).to_dict()
    assert len(faces['faces']) == len(expected['faces']) == 1
    for ours, theirs in zip(faces['faces'], expected['faces']):
        assert ours['box'] == theirs['box']
        np.testing.assert_allclose(ours['keypoints'], theirs['keypoints'], rtol=0, atol=0.01)
    drawn = cv2.imread(str(tmp_path / 'drawn.png'))
    assert (drawn != cv2.imread(str(photo))).any()
    several, number = json.loads(done.stdout)
    assert len(several['faces']) == 2 and number == 6


def test_it_is_a_landmarker(model, file, photo):
    """What a landmarker can do, it can: a second pass, a batch of images,
    images without a face."""
    image = cv2.imread(str(photo))
    empty = np.zeros_like(image)
    images = [image, empty, image[:, ::-1].copy()]
    found, expected = (
        landmarker(images, channels='bgr')
        for landmarker in (
            OnnxLandmarker(file, batch_size=2, second_pass=True),
            FaceLandmarker(model, second_pass=True),
        )
    )
    assert [len(each) for each in found] == [len(each) for each in expected]
    assert len(found[0]) == 1 and len(found[1]) == 0
    for ours, theirs in zip(found, expected):
        for face, other in zip(ours, theirs):
            np.testing.assert_allclose(face.keypoints, other.keypoints, rtol=0, atol=0.05)


def test_the_example_of_the_docs(file, photo, tmp_path, monkeypatch):
    """All that is around a file, without this package."""
    text = (REPO / 'docs/en/onnx.md').read_text()
    (example,) = (
        block
        for block in re.findall(r'```python\n(.*?)```', text, re.S)
        if 'InferenceSession' in block
    )
    monkeypatch.chdir(tmp_path)
    for name, path in (('face.onnx', file), ('photo.png', photo)):
        (tmp_path / name).symlink_to(path)
    found = {}
    exec(example, found)
    (face,) = OnnxLandmarker(file)(photo, [[40, 50, 200, 210]])
    np.testing.assert_allclose(found['points'], face.keypoints, rtol=0, atol=0.05)
    np.testing.assert_array_equal(found['scores'][0], face.scores)
    assert Scheme.from_dict(found['scheme']) == face.scheme


def a_file(path, props=None, kind=TensorProto.UINT8, shape=(1, 8, 8, 3)):
    """A valid ONNX file that gives what it gets."""
    values = [helper.make_tensor_value_info(name, kind, shape) for name in ('crops', 'points')]
    node = helper.make_node('Identity', ['crops'], ['points'])
    graph = helper.make_graph([node], 'graph', values[:1], values[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    helper.set_model_props(made, props or {})
    onnx.save(made, path)
    return path


def props_of(file):
    return {each.key: each.value for each in onnx.load(file).metadata_props}


def test_files_of_others(tmp_path):
    path = a_file(tmp_path / 'other.onnx')
    with pytest.raises(
        ValueError,
        match=r'other.onnx was not written by '
        'mmpose_face: expected a file of tools/export_onnx',
    ):
        OnnxLandmarker(path)
    path = a_file(tmp_path / 'other.onnx', dict(format='pnnx/2'))
    with pytest.raises(ValueError, match='was not written by mmpose_face'):
        OnnxLandmarker(path)


@pytest.mark.parametrize(
    'content', [b'', b'not ONNX at all', b'\x89PNG\r\n\x1a\n' + bytes(99), bytes(range(256)) * 8]
)
def test_files_that_are_not_onnx(content, tmp_path):
    path = tmp_path / 'face.onnx'
    path.write_bytes(content)
    with pytest.raises(
        ValueError,
        match='face.onnx (is not an ONNX file that onnxruntime|was not written by mmpose_face)',
    ):
        OnnxLandmarker(path)


def test_a_file_that_is_cut_off(file, tmp_path):
    path = tmp_path / 'face.onnx'
    path.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(ValueError, match='face.onnx is not an ONNX file'):
        OnnxLandmarker(path)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.onnx not found'):
        OnnxLandmarker(tmp_path / 'no.onnx')
    with pytest.raises(FileNotFoundError, match='not found'):
        OnnxLandmarker(tmp_path)


def test_a_newer_format(file, tmp_path):
    props = dict(props_of(file), format='mmpose_face/2', scheme='?')
    path = a_file(tmp_path / 'new.onnx', props)
    with pytest.raises(ValueError, match='new.onnx is of format 2, .* reads up to 1: install'):
        OnnxLandmarker(path)


@pytest.mark.parametrize(
    'change',
    [
        dict(scheme='{"name": "x"}'),
        dict(scheme='[]'),
        dict(input_size='[128]'),
        dict(input_size='wide'),
        dict(padding=None),
        dict(padding='"wide"'),
    ],
)
def test_broken_metadata(change, file, tmp_path):
    props = {key: each for key, each in {**props_of(file), **change}.items() if each is not None}
    path = a_file(tmp_path / 'broken.onnx', props)
    with pytest.raises(ValueError, match='broken.onnx: its metadata cannot be read'):
        OnnxLandmarker(path)


def test_metadata_of_another_graph(file, tmp_path):
    path = a_file(tmp_path / 'mixed.onnx', props_of(file))
    with pytest.raises(
        ValueError,
        match=r'mixed.onnx: its metadata tells of '
        r'crops of 128 x 128 bytes, its input is .*8, 8, 3',
    ):
        OnnxLandmarker(path)


def test_a_file_without_points(model, tmp_path):
    path = tmp_path / 'raw.onnx'
    export_onnx(model, path)
    with pytest.raises(
        ValueError, match='raw.onnx gives heatmaps, not points: export it again with --with-decode'
    ):
        OnnxLandmarker(path)


def test_providers_and_threads(file):
    with pytest.raises(
        ValueError, match='no provider NoSuchProvider here, expected some of .*CPUExecutionProvider'
    ):
        OnnxLandmarker(file, providers=['NoSuchProvider'])
    with pytest.raises(ValueError, match='threads must be positive, got 0'):
        OnnxLandmarker(file, threads=0)
    with pytest.raises(ValueError, match='batch_size must be positive'):
        OnnxLandmarker(file, batch_size=0)
    crops = np.zeros((1, 128, 128, 3), np.uint8)
    one, two = (
        OnnxNetwork(file, providers, threads)(crops)
        for providers, threads in ((None, 1), (['CPUExecutionProvider'], 2))
    )
    np.testing.assert_allclose(one[0], two[0], atol=1e-3)


def test_onnxruntime_is_missing():
    code = (
        'import sys; sys.modules.update(torch=None, onnxruntime=None)\n'
        'from mmpose_face import OnnxLandmarker'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=REPO, text=True, capture_output=True)
    assert done.returncode == 1
    assert 'pip install onnxruntime' in done.stderr.splitlines()[-1]


def metadata(scheme, **kwargs):
    values = dict(
        scheme=scheme,
        input_size=(256, 192),
        padding=1.25,
        normalization=dict(channels='rgb', mean=[1.5, 2, 3], std=[1, 1, 1]),
        decoded=True,
        codec=dict(type='FaceMSRAHeatmap', sigma=2),
        flip_test=False,
        precision='fp32',
        config='td-hm',
        version='0.1',
    )
    return OnnxMetadata(**dict(values, **kwargs))


@pytest.mark.parametrize('scheme', SCHEMES.values(), ids=SCHEMES)
def test_schemes_come_back(scheme):
    written = metadata(scheme)
    assert OnnxMetadata.from_props(written.to_props(), 'x') == written


@given(
    st.lists(st.text(min_size=1), min_size=1, max_size=9, unique=True),
    st.text(),
    st.booleans(),
    st.floats(0.1, 9),
)
def test_any_scheme_comes_back(points, name, closed, padding):
    """Of a data set of one's own, in any language."""
    points = [f'point {each}' for each in points]  # of no side
    scheme = Scheme(name, (Curve('face', tuple(points), closed),), None, tuple(reversed(points)))
    written = metadata(scheme, padding=padding, config=name)
    assert OnnxMetadata.from_props(written.to_props(), 'x') == written
