# SPDX-License-Identifier: Apache-2.0
"""pycocotools in place of xtcocotools where that cannot be built.

For: xtcocotools 1.14 on Python 3.13, where its ``setup.py`` fails. MMPose's
data sets read annotation files with its class ``COCO``; that of pycocotools, a
requirement of MMDetection, does the same. An installed xtcocotools is always
preferred. MMPose's ``CocoMetric``, which no face model uses, needs the real
xtcocotools and raises an error without it.

Can go when xtcocotools has wheels, or MMPose reads JSON without it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from .imports import StandIn


class COCOeval:
    """Stand-in for the evaluation of body key points, which it refuses."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError(
            'CocoMetric needs xtcocotools, which is not installed; '
            'pip install xtcocotools (Python 3.12 or older)'
        )


def install() -> None:
    """Serve pycocotools under the name xtcocotools where xtcocotools is missing."""
    StandIn('xtcocotools', _build).install()


def _build(name: str) -> ModuleType | None:
    if name in ('xtcocotools.coco', 'xtcocotools.mask'):
        return _copied(import_module(name.replace('xtcocotools', 'pycocotools')), name)
    module: Any = ModuleType(name, doc=__doc__)
    if name == 'xtcocotools':
        module.__path__ = []
    elif name == 'xtcocotools.cocoeval':
        module.COCOeval = COCOeval
    else:
        return None
    return module


def _copied(module: ModuleType, name: str) -> ModuleType:
    """A module of the same content under another name, because the import
    system changes the module that it gets."""
    copied = ModuleType(name, doc=module.__doc__)
    content = {key: value for key, value in vars(module).items() if not key.startswith('__')}
    vars(copied).update(content)
    return copied
