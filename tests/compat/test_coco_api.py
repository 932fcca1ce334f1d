# SPDX-License-Identifier: Apache-2.0
import pytest
import xtcocotools
from conftest import run_python

WITHOUT_XTCOCOTOOLS = (
    'from importlib.machinery import PathFinder; find = PathFinder.find_spec\n'
    'PathFinder.find_spec = lambda name, *more: (\n'
    '    None if name == "xtcocotools" else find(name, *more))\n'
    'import mmpose_face, pycocotools.coco, xtcocotools.coco\n'
)


def test_the_fault_without_us():
    """When MMPose reads its files without xtcocotools, this can go."""
    done = run_python(
        '-c', 'import sys; sys.modules["xtcocotools"] = None\nimport mmpose.datasets', check=False
    )
    assert "No module named 'xtcocotools" in done.stdout


def test_pycocotools_answers(tiny_300w):
    code = (
        WITHOUT_XTCOCOTOOLS + 'assert xtcocotools.coco.COCO is pycocotools.coco.COCO\n'
        'from mmpose_face.datasets import Face300W\n'
        f'data = Face300W(data_root={str(tiny_300w)!r}, ann_file='
        '"annotations/face_landmarks_300w_train.json", '
        'data_prefix=dict(img="images/"))\n'
        'assert len(data) == 6\n'
        'from mmpose_face import compat; compat.apply()\n'
        'import importlib.util\n'
        'assert importlib.util.find_spec("xtcocotools.coco")\n'
        'assert importlib.util.find_spec("xtcocotools.other") is None\n'
    )
    run_python('-c', code)


def test_evaluation_of_bodies_is_refused():
    code = (
        WITHOUT_XTCOCOTOOLS + 'from xtcocotools.cocoeval import COCOeval\n'
        'try: COCOeval()\n'
        'except NotImplementedError as e: assert "xtcocotools" in str(e)\n'
        'else: raise SystemExit(1)\n'
    )
    run_python('-c', code)


@pytest.mark.skipif(not hasattr(xtcocotools, '__file__'), reason='xtcocotools is not installed')
def test_installed_one_wins():
    run_python(
        '-c',
        'import mmpose_face, importlib.util as u, sys\n'
        'real = u.find_spec("xtcocotools").origin\n'
        'import xtcocotools; assert xtcocotools.__file__ == real',
    )
