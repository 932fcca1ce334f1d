# SPDX-License-Identifier: Apache-2.0
"""Long runs on real faces; their results are in docs/en/measurements.md."""

import json
import re

import pytest
from conftest import RES18_300W, run_python

from mmpose_face.datasets.converters import convert_300w


@pytest.mark.slow
def test_small_model_converges_on_two_cores(face_data, tmp_path):
    """At or below 4.40 % on HELEN, what MMPose's classes reach."""
    convert_300w(face_data / '300w', tmp_path / '300w', partial=True)
    options = ['--work-dir', tmp_path / 'work', '--cfg-options', 'randomness.seed=0'] + [
        f'{loader}_dataloader.dataset.data_root={tmp_path}/300w/'
        for loader in ('train', 'val', 'test')
    ]
    threads = dict(OMP_NUM_THREADS='2')
    run_python('tools/train.py', RES18_300W, *options, **threads)
    out = tmp_path / 'metrics.json'
    run_python(
        'tools/test.py',
        RES18_300W,
        tmp_path / 'work/epoch_20.pth',
        '--out',
        out,
        *options,
        **threads,
    )
    assert json.loads(out.read_text())['NME'] <= 4.40


@pytest.mark.slow
def test_demo(tmp_path):
    """NME under 5 % and under a third of the mean face's."""
    done = run_python('tools/demo.py', '--work-dir', tmp_path, OMP_NUM_THREADS='2')
    mean_face = float(re.search(r'has NME ([\d.]+)\.', done.stdout).group(1))
    metrics = json.loads((tmp_path / 'metrics.json').read_text())
    nme = metrics['subsets']['test']['NME']
    assert nme < 5 and nme < mean_face / 3
