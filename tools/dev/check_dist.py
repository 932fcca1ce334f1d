# SPDX-License-Identifier: Apache-2.0
"""Check what a built wheel and sdist contain.

python tools/dev/check_dist.py dist
"""

import argparse
import email
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_SOURCE = ('build/', 'data/', 'work_dirs/', 'mmpose_face/.mim/')


def expected_in_wheel() -> set[str]:
    """Every module, template, weights, config and tool of the tree, where
    mim looks for it."""
    files = {
        path.relative_to(ROOT).as_posix()
        for pattern in ('*.py', '*.j2', 'py.typed', 'zoo/weights/*.pth')
        for path in (ROOT / 'mmpose_face').rglob(pattern)
        if '.mim' not in path.parts
    }
    for folder, pattern in (
        ('configs', '*.py'),
        ('configs', '*.yml'),
        ('tools', '*.py'),
        ('tools', '*.sh'),
    ):
        for path in (ROOT / folder).rglob(pattern):
            name = path.relative_to(ROOT)
            if name.parts[:2] != ('tools', 'dev'):
                files.add(f'mmpose_face/.mim/{name.as_posix()}')
    return files | {'mmpose_face/.mim/model-index.yml'}


def check_wheel(path: Path) -> Iterator[str]:
    """What is wrong with a wheel, one message each."""
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        info = next(n for n in names if n.endswith('.dist-info/METADATA'))
        metadata = email.message_from_bytes(wheel.read(info))
    package = {n for n in names if '.dist-info/' not in n}
    for name in sorted(expected_in_wheel() - package):
        yield f'{path.name} lacks {name}'
    for name in sorted(package - expected_in_wheel()):
        yield f'{path.name} holds {name}, which no rule puts there'
    required = metadata.get_all('Requires-Dist')
    lite = [r for r in required if r.startswith('mmcv')]
    if len(lite) != 1 or not ('mmcv-lite' in lite[0] and 'extra == ' in lite[0]):
        yield (
            f'{path.name}: expected mmcv-lite in the extra "lite" and no '
            f'other mmcv, got {lite}; build where no compiled mmcv is'
        )
    for name in ('numpy', 'torch', 'mmpose', 'mmdet', 'mmengine'):
        if not any(r.startswith(name) and 'extra ==' not in r for r in required):
            yield f'{path.name} does not require {name}'


def check_sdist(path: Path) -> Iterator[str]:
    """What is wrong with an sdist, one message each."""
    with tarfile.open(path) as sdist:
        names = {n.partition('/')[2] for n in sdist.getnames()}
    expected = {
        'setup.py',
        'pyproject.toml',
        'README.md',
        'LICENSE',
        'model-index.yml',
        'requirements/mim.txt',
        'requirements/lite.txt',
        'requirements/constraints.txt',
        'tools/train.py',
        'tests/conftest.py',
        'mmpose_face/configs/_base_/default_runtime.py',
        'mmpose_face/landmarks.py',
        'mmpose_face/visualization/report.html.j2',
        'docs/en/conf.py',
        'docs/en/index.md',
        'docs/en/api/index.rst',
    }
    for name in sorted(expected - names):
        yield f'{path.name} lacks {name}'
    for name in sorted(names):
        if name.startswith(NO_SOURCE):
            yield f'{path.name} holds {name}, which is not source'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('dist', type=Path, help='folder with both')
    dist = parser.parse_args().dist
    wheels, sdists = sorted(dist.glob('*.whl')), sorted(dist.glob('*.tar.gz'))
    if not (wheels and sdists):
        sys.exit(f'error: expected a wheel and an sdist in {dist}')
    faults = [f for path in wheels for f in check_wheel(path)]
    faults += [f for path in sdists for f in check_sdist(path)]
    if faults:
        sys.exit('\n'.join(faults))
    print(f'{len(wheels)} wheel and {len(sdists)} sdist are as expected')


if __name__ == '__main__':
    main()
