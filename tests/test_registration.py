# SPDX-License-Identifier: Apache-2.0
"""Every class of the package by its name, and nothing loaded for it too
soon."""

import ast

import pytest
from conftest import REPO, run_python

PACKAGE = REPO / 'mmpose_face'


def decorated() -> dict[str, list[str]]:
    """The names that are registered, by registry."""
    found: dict[str, list[str]] = {}
    for path in PACKAGE.rglob('*.py'):
        if {'.mim', 'benchmark'} & {*path.parts}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            for call in getattr(node, 'decorator_list', ()):
                function = getattr(call, 'func', None)
                if getattr(function, 'attr', '') == 'register_module':
                    found.setdefault(function.value.id, []).append(node.name)
    return found


LOOK_UP = """
import mmengine.registry as theirs
import mmpose.registry as registries
missing = []
for registry, names in {names!r}.items():
    registry = getattr(registries, registry, getattr(theirs, registry, None))
    for name in names:
        found = registry.get(name)
        if found is None or not found.__module__.startswith('mmpose_face'):
            missing.append(name)
assert not missing, missing
"""
WAYS = dict(
    custom_imports='from mmengine.config import Config\n'
    'Config.fromstring("custom_imports = dict(imports=[\'mmpose_face\'])",'
    ' ".py")',
    import_modules='from mmengine.utils import import_modules_from_strings\n'
    'import_modules_from_strings(["mmpose_face"])',
    first='import mmpose_face',
    last='import mmpose, mmpose.registry\nimport mmpose_face',
    a_part='import mmpose_face.landmarks',
)


@pytest.mark.parametrize('way', WAYS)
def test_each_decorated_class_is_found_by_its_name(way):
    names = decorated()
    assert sum(map(len, names.values())) > 40
    assert {'STARLoss', 'FacePoseEstimator', 'IntegralHeatmapHead'} <= {*names['MODELS']}
    run_python('-c', WAYS[way] + LOOK_UP.format(names=names))


def test_no_mixed_roots():
    """Hooks and runners too are in MMPose's registries; MMPose has none for
    functions."""
    assert set(decorated()) == {
        'DATASETS',
        'FUNCTIONS',
        'HOOKS',
        'KEYPOINT_CODECS',
        'METRICS',
        'MODELS',
        'RUNNERS',
        'TRANSFORMS',
    }
    for path in PACKAGE.rglob('*.py'):
        if {'.mim', 'benchmark'} & {*path.parts}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if getattr(node, 'module', '') == 'mmengine.registry':
                names = {name.name for name in node.names}
                assert names <= {'FUNCTIONS', 'DATASETS', 'DATA_SAMPLERS', 'Registry'}, path


def test_mmengine_inferencers_are_imported_after_the_package():
    """The rows that they are told must not import them again."""
    run_python('-c', 'import mmpose_face\nfrom mmengine.infer import BaseInferencer')


@pytest.mark.parametrize('name', ['OnnxLandmarker', 'landmarks'])
def test_light(name):
    """Neither torch nor MMEngine, and little time beside NumPy's, OpenCV's
    and onnxruntime's."""
    run_python(
        '-c',
        'import sys, time, numpy, cv2\n'
        'try: import onnxruntime\n'
        'except ImportError: pass\n'
        'begin = time.process_time()\n'
        f'from mmpose_face import {name}\n'
        'passed = time.process_time() - begin\n'
        'heavy = {"torch", "mmengine", "mmcv", "mmpose"} & {*sys.modules}\n'
        'assert not heavy, heavy\n'
        'assert passed < .6, passed\n',
    )


def test_a_part_that_is_not_there():
    import mmpose_face

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mmpose_face.nothing
    assert {'datasets', 'FaceLandmarker', '__version__'} <= {*dir(mmpose_face)}
    assert mmpose_face.datasets.FaceWFLW.__name__ == 'FaceWFLW'
