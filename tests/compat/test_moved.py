# SPDX-License-Identifier: Apache-2.0
"""Old import paths give the modules of the new ones."""

import importlib
import json
import pickle
import sys

import pytest
from conftest import run_python

MOVED = {
    'apis.landmarker': 'inference.landmarker',
    'apis.landmarking': 'inference.landmarking',
    'apis.faces': 'inference.faces',
    'apis.detectors': 'inference.detectors',
    'apis.face_boxes': 'inference.face_boxes',
    'apis.tracking': 'inference.tracking',
    'apis.smoothing': 'inference.smoothing',
    'apis.one_euro': 'inference.one_euro',
    'apis.videos': 'inference.videos',
    'apis.export': 'inference.onnx.export',
    'apis.onnx_runtime': 'inference.onnx.runtime',
    'apis.onnx_metadata': 'inference.onnx.metadata',
    'apis.onnx_graph': 'inference.onnx.graph',
    'apis.onnx_parity': 'inference.onnx.parity',
    'apis.evaluation': 'commands.evaluate',
    'apis.comparison': 'commands.compare',
    'apis.verification': 'commands.verify_zoo',
    'apis.robustness': 'commands.box_robustness',
    'apis.demo': 'commands.demo',
    'apis.command': 'commands.landmark',
    # Within a package that moved: not imported a second time.
    'apis.command.options': 'commands.landmark.options',
    'datasets.synthesis': 'synthesis',
    'datasets.synthesis.moving': 'synthesis.moving',
    'datasets.boxes': 'datasets.detected_boxes',
}


@pytest.fixture(autouse=True)
def no_old_path():
    """Every import of an old path is the first one."""
    old = [f'mmpose_face.{name}' for name in ('apis', *MOVED)]
    for name in old:
        sys.modules.pop(name, None)
    yield
    for name in old:
        sys.modules.pop(name, None)


@pytest.mark.parametrize('old, new', MOVED.items())
def test_old_path(old, new):
    message = f'mmpose_face.{old} is now mmpose_face.{new};'
    with pytest.warns(DeprecationWarning, match=message.replace('.', r'\.')):
        found = importlib.import_module(f'mmpose_face.{old}')
    assert found is importlib.import_module(f'mmpose_face.{new}')
    assert sys.modules[f'mmpose_face.{old}'] is found
    assert found.__name__ == found.__spec__.name == f'mmpose_face.{new}'
    assert importlib.reload(found) is found


def test_every_form_of_an_import():
    with pytest.warns(DeprecationWarning) as warned:
        import mmpose_face.apis.one_euro
        from mmpose_face.apis import smoothing
        from mmpose_face.apis.faces import Faces
        from mmpose_face.datasets.synthesis.moving import MovingFace

        from mmpose_face import apis
    from mmpose_face import inference, synthesis

    assert mmpose_face.apis is apis
    assert apis.one_euro is inference.one_euro
    assert apis.smoothing is smoothing is inference.smoothing
    assert Faces is inference.faces.Faces
    assert MovingFace is synthesis.moving.MovingFace
    # Each names the line that asked for it, and no path twice.
    texts = [str(w.message).partition(' is now')[0] for w in warned]
    assert texts == [
        f'mmpose_face.{name}'
        for name in (
            *('apis', 'apis.one_euro', 'apis.smoothing', 'apis.faces'),
            *('datasets.synthesis', 'datasets.synthesis.moving'),
        )
    ]
    assert {w.filename for w in warned} == {__file__}


def test_pickles_of_old_classes():
    from mmpose_face.inference.one_euro import OneEuroFilter

    assert pickle.loads(b'cmmpose_face.apis.one_euro\nOneEuroFilter\n.') is OneEuroFilter


@pytest.mark.parametrize(
    'statement',
    [
        'import mmpose_face.apis.benchmark',
        'import mmpose_face.apis.benchmark.timing',
        'from mmpose_face.apis import benchmark',
    ],
)
def test_the_benchmark_says_where_it_went(statement):
    with pytest.raises(ModuleNotFoundError, match='run tools/benchmark/benchmark.py, or mim run'):
        exec(statement)


@pytest.mark.parametrize('name', ['apis.none', 'apis.command.none', 'datasets.none'])
def test_unknown_paths(name):
    with pytest.raises(ModuleNotFoundError, match='No module named .*none'):
        importlib.import_module(f'mmpose_face.{name}')


def test_nothing_is_imported_before_it_is_asked_for():
    code = """
import json, sys, warnings
warnings.simplefilter('error')
import mmpose_face
from importlib.util import find_spec
assert find_spec('mmpose_face.datasets.boxes').name == 'mmpose_face.datasets.boxes'
print(json.dumps([n for n in sys.modules if n.startswith('mmpose_face.')]))
"""
    loaded = json.loads(run_python('-c', code).stdout.splitlines()[-1])
    assert {name.split('.')[1] for name in loaded} == {
        *('compat', 'datasets', 'on_demand', 'registration', 'version'),
    }
