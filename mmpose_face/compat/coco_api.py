# SPDX-License-Identifier: Apache-2.0
"""pycocotools in place of xtcocotools where that cannot be built.

For: xtcocotools 1.14 on Python 3.13, whose ``setup.py`` fails there. MMPose's
data sets use its ``COCO`` to read annotation files, which pycocotools, a
requirement of MMDetection, does alike. An xtcocotools that is installed
always wins. MMPose's ``CocoMetric``, which no face model uses, needs the real
one and says so here.

Can go when xtcocotools has wheels, or MMPose reads JSON without it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from .imports import StandIn


class COCOeval:
    """Stands for the evaluation of body key points."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError(
            'CocoMetric needs xtcocotools, which is not installed; '
            'pip install xtcocotools (Python 3.12 or older)'
        )


def install() -> None:
    """Answer for xtcocotools where it cannot be found."""
    StandIn('xtcocotools', _build).install()


def _build(name: str) -> ModuleType | None:
    if name in ('xtcocotools.coco', 'xtcocotools.mask'):
        made = import_module(name.replace('xtcocotools', 'pycocotools'))
        return _copied(made, name)
    module: Any = ModuleType(name, doc=__doc__)
    if name == 'xtcocotools':
        module.__path__ = []
    elif name == 'xtcocotools.cocoeval':
        module.COCOeval = COCOeval
    else:
        return None
    return module


def _copied(module: ModuleType, name: str) -> ModuleType:
    """The same content under another name; the import system writes the name
    into what it is given."""
    copied = ModuleType(name, doc=module.__doc__)
    content = {key: value for key, value in vars(module).items() if not key.startswith('__')}
    vars(copied).update(content)
    return copied
