# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot declare: mim's folders, and mmcv if it is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent

# What mim looks for below the installed package, in the folder ``.mim``.
MIM_FOLDERS = ('configs', 'tools')
MIM_INDEX = 'model-index.yml'


class BuildWithMim(build_py):
    """Adds configs and tools to the package, where mim finds them."""

    def run(self):
        super().run()
        if self.editable_mode:
            self._link_into(ROOT / 'mmpose_face' / '.mim')
            self._point_to(ROOT / 'mmpose_face')
        else:
            self._copy_into(Path(self.build_lib) / 'mmpose_face' / '.mim')

    @staticmethod
    def _copy_into(target):
        shutil.rmtree(target, ignore_errors=True)
        for folder in MIM_FOLDERS:
            shutil.copytree(
                ROOT / folder, target / folder, ignore=shutil.ignore_patterns('__pycache__', 'dev')
            )
        shutil.copy(ROOT / MIM_INDEX, target)

    @staticmethod
    def _link_into(target):
        target.mkdir(exist_ok=True)
        for name in (*MIM_FOLDERS, MIM_INDEX):
            (target / name).unlink(missing_ok=True)
            (target / name).symlink_to(ROOT / name)

    def _point_to(self, package):
        """Leads mim and MMEngine to the clone.

        They look for a package beside its metadata, and where it is not
        there, under the first line of ``top_level.txt``, joined to the folder
        of the metadata: a whole path is then taken as it stands.
        """
        wheel = Path(self.get_finalized_command('install').install_lib)
        for names in wheel.glob('mmpose_face-*.dist-info/top_level.txt'):
            names.write_text(f'{package}\nmmpose_face\n', encoding='utf-8')


def requirements(name):
    """The lines of a requirements file, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def compiled_mmcv():
    """The compiled mmcv that the installing interpreter finds, if any.

    pip builds with that interpreter, in an environment of its own that
    hangs on PYTHONPATH; -E takes it away again.
    """
    find = (
        'import importlib.util as u; spec = u.find_spec("mmcv")\n'
        'print(*(spec.submodule_search_locations if spec else ()))'
    )
    found = subprocess.run(
        [sys.executable, '-E', '-c', find], cwd=os.sep, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    return next(Path(found).glob('_ext.*'), None) if found else None


def lite():
    """mmcv-lite, unless it would overwrite a compiled mmcv: the two are
    distributions of one package, and pip would put the second over the first
    without a word."""
    compiled = compiled_mmcv()
    if compiled:
        print(f'keeping the compiled mmcv: {compiled}')
        return []
    return requirements('lite')


setup(
    extras_require={
        'lite': lite(),
        'mim': requirements('mim'),
        'onnx': requirements('onnx'),
        'tests': requirements('tests') + requirements('onnx'),
        'docs': requirements('docs'),
    },
    cmdclass={'build_py': BuildWithMim},
)
