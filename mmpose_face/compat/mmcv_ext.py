# SPDX-License-Identifier: Apache-2.0
"""A stand-in for ``mmcv._ext`` where mmcv has no compiled operators.

For: mmcv-lite 2.x with MMPose 1.3 and MMDetection 3.x, which import
operators when they are imported, although face models call none of them and
MMDetection's face detector calls ``nms`` alone. A compiled ``mmcv._ext``
always wins: the stand-in is only ever put where there is none.

Can go when MMPose imports without ``mmcv.ops``.
"""
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Callable

_NAME = 'mmcv._ext'

# Without the bound pip brings openxlab, which sets setuptools back to 60.
_INSTALL_COMPILED = ('pip install openmim "opendatalab<0.0.10" && '
                     'mim install "mmcv>=2.0.1,<2.2"')
NO_MMCV = (
    'mmpose_face needs mmcv, and none is installed. Either install the pure '
    'Python one,\n    pip install "mmcv-lite>=2.0.1,<2.2"\n'
    '(enough for every face model and for the YOLOX face detector), or one '
    f'with compiled operators that fits your torch,\n    {_INSTALL_COMPILED}')


def install() -> None:
    """Register the stand-in unless a compiled ``mmcv._ext`` can be found.

    Raises:
        ImportError: If mmcv itself is missing.
    """
    if find_spec('mmcv') is None:
        raise ImportError(NO_MMCV)
    if _NAME in sys.modules or find_spec(_NAME) is not None:
        return
    sys.modules[_NAME] = _build()


def _build() -> ModuleType:
    module = ModuleType(_NAME, doc=__doc__)
    # mmengine and mmcv ask pkgutil.find_loader, which wants a real spec.
    module.__spec__ = ModuleSpec(_NAME, loader=_Loader(), origin=__file__)
    module.__loader__ = module.__spec__.loader
    module.nms = nms
    module.__getattr__ = _missing_operator
    return module


class _Loader:
    """Enough of a loader for ``module.__spec__``; the module is built."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[_NAME]

    def exec_module(self, module: ModuleType) -> None:
        pass


def nms(bboxes, scores, iou_threshold: float, offset: int = 0):
    """Non-maximum suppression, answered by torchvision.

    Args:
        bboxes (Tensor): Boxes ``(N, 4)`` as x1, y1, x2, y2 in pixels.
        scores (Tensor): Scores ``(N, )``.
        iou_threshold (float): A box is dropped when its IoU with a better
            one exceeds this ratio.
        offset (int): 1 where x2 and y2 belong to the box (its width is then
            x2 - x1 + 1), else 0.

    Returns:
        Tensor: Indices ``(M, )`` of the boxes kept, best first.
    """
    from torchvision.ops import nms as torchvision_nms
    if offset:
        bboxes = bboxes + bboxes.new_tensor([0, 0, offset, offset])
    return torchvision_nms(bboxes, scores, iou_threshold)


def _missing_operator(name: str) -> Callable:
    if name.startswith('__'):
        raise AttributeError(name)

    def operator(*args, **kwargs):
        raise NotImplementedError(
            f'the operator {name!r} needs an mmcv with compiled operators; '
            'the installed mmcv-lite has none. Replace it:\n'
            f'    pip uninstall -y mmcv-lite && {_INSTALL_COMPILED}')

    operator.__name__ = name
    return operator
