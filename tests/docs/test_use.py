# SPDX-License-Identifier: Apache-2.0
"""The page on landmarks from images, run from its first to its last block."""

import json
import re
import runpy
import shutil
from pathlib import Path

import cv2
import pytest
from conftest import DEMO, REPO
from mmengine.config import Config

from mmpose_face.inference.landmarker import DEFAULT_MODEL, load_model
from mmpose_face.zoo import build_model

PAGE = (REPO / 'docs/en/use.md').read_text()


def blocks(language: str) -> list:
    return re.findall(rf'^```{language}\n(.*?)^```$', PAGE, re.M | re.S)


@pytest.fixture
def model(monkeypatch):
    """The model of the package, and networks without weights in place of
    those that would be downloaded."""

    def load(model, *args):
        if model == DEFAULT_MODEL:
            return load_model(model, *args)
        return build_model(Config.fromfile(DEMO))

    monkeypatch.setattr('mmpose_face.inference.landmarker.load_model', load)


def test_every_block_of_the_page_runs(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(REPO / 'docs/en/images/gallery_wall.jpg', 'group.jpg')
    said = {}
    for block in blocks('python'):
        exec(compile(block, 'use.md', 'exec'), said)
        for written in re.findall(r"'(\w+\.(?:jpg|png|json))'", block):
            assert Path(written).exists()
    # Shapes and the message are those of the comments.
    face = said['face']
    assert face.keypoints.shape == (98, 2) and face.scores.shape == (98,)
    assert face['left_eye'].shape == (8, 2) and face['chin'].shape == (2,)
    printed = capsys.readouterr().out
    assert 'group.jpg: box 0 is [370.0,' in printed
    assert printed.rstrip().endswith('expected left < right and top < bottom')


def test_the_json_of_the_page(model, tmp_path, monkeypatch):
    """Has the fields that there are, in that order."""
    from mmpose_face import FaceLandmarker

    monkeypatch.chdir(tmp_path)
    shutil.copy(REPO / 'docs/en/images/gallery_wall.jpg', 'group.jpg')
    (shown,) = map(json.loads, blocks('json'))
    found = FaceLandmarker()('group.jpg').to_dict()
    assert list(shown) == list(found) and shown['size'] == found['size']
    assert list(shown['faces'][0]) == list(found['faces'][0])


def test_the_gallery_is_drawn_anew(model, tmp_path, monkeypatch):
    """Under the names that the page and the README show, small enough for a
    page."""
    monkeypatch.setattr('sys.argv', ['gallery.py', '--out', str(tmp_path)])
    runpy.run_path(str(REPO / 'tools/dev/gallery.py'), run_name='__main__')
    pages = PAGE + (REPO / 'README.md').read_text()
    shown = set(re.findall(r'images/(gallery_\w+\.jpg)', pages))
    assert shown == {path.name for path in tmp_path.iterdir()}
    for name in shown:
        size = (REPO / 'docs/en/images' / name).stat().st_size
        assert 0 < size < 300_000
        drawn = cv2.imread(str(tmp_path / name))
        kept = cv2.imread(str(REPO / 'docs/en/images' / name))
        assert drawn.shape == kept.shape
