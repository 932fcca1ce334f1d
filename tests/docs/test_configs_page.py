# SPDX-License-Identifier: Apache-2.0
"""The page on configs, run from its first to its last block in an empty
folder, with the installed wheel."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import REPO, checked

from mmpose_face.zoo.metafiles import module_of

PAGE = REPO / 'docs/en/configs.md'
VARIANTS = ['mobile', 'frozen', 'wing', 'rtmpose', 'references', 'my_faces', 'with_timm']
# A step of training and of testing with each config, in one process.
TRY = """
import sys
from pathlib import Path
from mmengine.config import Config
from mmpose.registry import VISUALIZERS
from mmpose_face.engine import FaceRunner

for name in sys.argv[2:]:
    cfg = Config.fromfile(f'{name}.py')
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].update(
            batch_size=2, num_workers=0, persistent_workers=False)
    if name == 'references':
        cfg.data_root = sys.argv[1]
    cfg.merge_from_dict({'max_epochs': 1, 'input_size': (64, 64)})
    cfg.train_cfg.update(val_interval=1)
    cfg.train_dataloader.dataset.indices = 2
    cfg.model.backbone.pop('init_cfg', None)
    cfg.default_hooks.checkpoint = None
    cfg.work_dir = f'tried/{name}'
    VISUALIZERS.get('PoseLocalVisualizer')._instance_dict.clear()
    runner = FaceRunner.from_cfg(cfg)
    runner.train()
    decoder = runner.model.head.decoder
    assert tuple(decoder.input_size) == (64, 64)
    nme = runner.message_hub.get_scalar('val/NME').current()
    print(name, runner.iter, nme)
"""


def blocks() -> Iterator[tuple[str, str]]:
    """Language and text of each block that is run."""
    return re.findall(r'^```(python|bash)\n(.*?)^```$', PAGE.read_text(), re.M | re.S)


@pytest.fixture
def run(installed, tmp_path):
    """Runs a program in the folder, where the wheel is what Python finds."""
    folder = tmp_path / 'eigene Köpfe'
    folder.mkdir()
    bin_dir = Path(sys.executable).parent

    def run(*command, text=None):
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                **os.environ,
                'PYTHONPATH': f'{installed}{os.pathsep}.',
                'PATH': f'{bin_dir}{os.pathsep}{os.environ["PATH"]}',
                'OMP_NUM_THREADS': '1',
                'http_proxy': 'http://127.0.0.1:9',
                'https_proxy': 'http://127.0.0.1:9',
            },
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return checked(done).stdout

    run.folder = folder
    return run


def write_named(folder: Path) -> None:
    """The blocks that say their file."""
    for language, block in blocks():
        name = re.match(r'# (\w+\.py)\n', block)
        if name and language == 'python':
            (folder / name[1]).write_text(block)


def test_the_way_of_ones_own_faces(run, tiny_300w):
    """From eight lines to points; and MMPose's inferencer."""
    write_named(run.folder)
    run('python', 'draw.py')
    config = (run.folder / 'my_faces.py').read_text().splitlines()[1:]
    assert len(config) == 8
    code = []
    for language, block in blocks():
        if language == 'bash':
            for line in block.splitlines():
                if 'export_onnx' in line and find_spec('onnxruntime') is None:
                    continue
                run('sh', '-c', line)
        elif not block.startswith('# '):
            code.append(block)
    out = run('python', '-c', '\n'.join(code))
    assert '(5, 2)' in out and out.splitlines()[-1] == '5'
    exported = run.folder / 'five.onnx'
    assert exported.is_file() or find_spec('onnxruntime') is None


def test_each_variant_trains_and_tests(run, tiny_300w):
    write_named(run.folder)
    run('python', 'draw.py')
    names = [name for name in VARIANTS if name != 'with_timm' or find_spec('timm') is not None]
    out = run('python', '-c', TRY, f'{tiny_300w}/', *names)
    figures = re.findall(r'^(\w+) (\d+) ([\d.]+)$', out, re.M)
    assert [figure[0] for figure in figures] == names
    assert all(int(figure[1]) == 1 for figure in figures)


def test_no_block_is_left_out():
    """Each is a file that is tried, or part of the way."""
    named = {match[1] for _, block in blocks() if (match := re.match(r'# (\w+)\.py', block))}
    assert named == {*VARIANTS, 'draw', 'timm_backbone'}


def test_the_rule_of_names():
    """Each row of the tables is a link to the file that is imported."""
    top, package = REPO / 'configs', REPO / 'mmpose_face/configs'
    rows = sorted(top.rglob('*.py'))
    files = set((package / 'face_2d_keypoint').rglob('*.py'))
    for row in rows:
        names = module_of(row.relative_to(REPO).as_posix()).split('.')
        target = REPO.joinpath(*names).with_suffix('.py')
        assert all(name.isidentifier() for name in names)
        assert row.read_bytes() == target.read_bytes()
        files.remove(target)
    assert not files and len(rows) == 27
    page = PAGE.read_text()
    shown = re.search(r'`(td-hm_hrnetv2-w18_8\S+300w\S+)\.py`', page)[1]
    (row,) = top.rglob(f'{shown}.py')
    assert f'`{module_of(row.relative_to(REPO).as_posix())}`' in page
