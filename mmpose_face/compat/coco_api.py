# SPDX-License-Identifier: Apache-2.0
"""pycocotools in the place of xtcocotools where that cannot be built.

For: xtcocotools 1.14 on Python 3.13, whose ``setup.py`` fails there. MMPose's
data sets use its ``COCO`` to read annotation files, which pycocotools, a
requirement of MMDetection, does alike. An xtcocotools that is installed
always wins. MMPose's ``CocoMetric``, which no face model uses, needs the real
one and says so here.

Can go when xtcocotools has wheels, or MMPose reads JSON without it.
"""
import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class COCOeval:
    """Stands for the evaluation of body key points."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError(
            'CocoMetric needs xtcocotools, which is not installed; '
            'pip install xtcocotools (Python 3.12 or older)')


def install() -> None:
    """Register the stand-in unless xtcocotools can be found."""
    if 'xtcocotools' in sys.modules or find_spec('xtcocotools') is not None:
        return
    package = _module('xtcocotools')
    package.__path__ = []
    evaluation = _module('xtcocotools.cocoeval')
    evaluation.COCOeval = COCOeval
    sys.modules.update({
        'xtcocotools':
        package,
        'xtcocotools.cocoeval':
        evaluation,
        'xtcocotools.coco':
        importlib.import_module('pycocotools.coco'),
        'xtcocotools.mask':
        importlib.import_module('pycocotools.mask'),
    })
    for name in ('coco', 'mask', 'cocoeval'):
        setattr(package, name, sys.modules[f'xtcocotools.{name}'])


def _module(name: str) -> ModuleType:
    module = ModuleType(name, doc=__doc__)
    module.__spec__ = ModuleSpec(name, loader=None, origin=__file__)
    return module
