# SPDX-License-Identifier: Apache-2.0
import email
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from conftest import REPO, run_python


def requirements(wheel) -> list:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith('METADATA'))
        return email.message_from_bytes(archive.read(name)).get_all('Requires-Dist')


def test_wheel_and_sdist_hold_what_they_should(dist):
    done = run_python('tools/dev/check_dist.py', dist)
    assert '1 wheel and 1 sdist are as expected' in done.stdout


def test_the_check_can_fail(dist, tmp_path):
    for path in dist.iterdir():
        shutil.copy(path, tmp_path)
    with zipfile.ZipFile(next(tmp_path.glob('*.whl')), 'a') as wheel:
        wheel.writestr('mmpose_face/secret.txt', '')
    done = run_python('tools/dev/check_dist.py', tmp_path, check=False)
    assert done.returncode == 1
    assert 'holds mmpose_face/secret.txt' in done.stdout


def unpacked(dist, folder) -> Path:
    """The sources of the sdist. No test builds in the repository, where one
    that runs beside it reads."""
    shutil.unpack_archive(next(dist.glob('*.tar.gz')), folder)
    return next(folder.iterdir())


def test_sdist_builds_the_same_wheel(dist, tmp_path):
    source = unpacked(dist, tmp_path / 'source')
    run_python('-m', 'build', '--wheel', '--no-isolation', '--outdir', tmp_path / 'dist', source)
    names = [
        sorted(zipfile.ZipFile(next(folder.glob('*.whl'))).namelist())
        for folder in (dist, tmp_path / 'dist')
    ]
    assert names[0] == names[1]


def test_plain_install_asks_for_no_mmcv(dist):
    found = [r for r in requirements(next(dist.glob('*.whl'))) if r.startswith('mmcv')]
    assert len(found) == 1
    assert found[0].startswith('mmcv-lite')
    assert 'extra == "lite"' in found[0]


@pytest.mark.parametrize('place', ['site-packages', 'a .pth file'])
def test_lite_never_goes_over_a_compiled_mmcv(dist, tmp_path, place):
    """pip builds with the interpreter that it installs for; here that one
    finds an mmcv with operators."""
    env = tmp_path / 'env'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', env], check=True)
    python = env / 'bin/python'
    site = Path(
        subprocess.check_output(
            [python, '-c', 'import sysconfig as s; print(s.get_path("purelib"))'], text=True
        ).strip()
    )
    folder = site if place == 'site-packages' else tmp_path / 'source'
    (folder / 'mmcv').mkdir(parents=True)
    (folder / 'mmcv/__init__.py').touch()
    (folder / 'mmcv/_ext.cpython-311-x86_64-linux-gnu.so').touch()
    (site / 'source.pth').write_text(str(folder))
    subprocess.run(
        [
            python,
            '-m',
            'build',
            '--wheel',
            '--no-isolation',
            '--outdir',
            tmp_path / 'dist',
            unpacked(dist, tmp_path / 'sdist'),
        ],
        env={**os.environ, 'PYTHONPATH': sysconfig.get_path('purelib')},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    found = requirements(next((tmp_path / 'dist').glob('*.whl')))
    assert [r for r in found if r.startswith('mmcv')] == []


@pytest.mark.parametrize(
    'name,expected',
    [
        ('mmpose', 'mmpose<1.4,>=1.3'),
        ('mmengine', 'mmengine<0.11,>=0.10'),
        ('mmdet', 'mmdet<3.4,>=3.2'),
        ('torch', 'torch>=2.1'),
        ('chumpy', 'chumpy<=0.66'),
        ('opencv', 'opencv-python<5'),
    ],
)
def test_ranges(dist, name, expected):
    assert expected in requirements(next(dist.glob('*.whl')))


def test_constraints_lie_within_the_ranges():
    """The known good set is one that the metadata allows."""
    from packaging.requirements import Requirement

    ranges = {}
    for path in (REPO / 'requirements').glob('*.txt'):
        if path.stem in ('constraints', 'override'):
            continue
        for line in path.read_text().splitlines():
            if line and not line.startswith('#'):
                requirement = Requirement(line)
                if not requirement.marker or requirement.marker.evaluate():
                    ranges.setdefault(requirement.name, []).append(requirement)
    pins = [
        Requirement(line)
        for line in (REPO / 'requirements/constraints.txt').read_text().splitlines()
        if line and not line.startswith('#')
    ]
    assert set(ranges) - {pin.name for pin in pins} == set()
    for pin in pins:
        version = next(iter(pin.specifier)).version
        for requirement in ranges.get(pin.name, ()):
            assert version in requirement.specifier, pin
