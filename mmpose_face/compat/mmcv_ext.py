# SPDX-License-Identifier: Apache-2.0
"""A stand-in for ``mmcv._ext`` where mmcv has no compiled operators.

For: mmcv-lite 2.x with MMPose 1.3 and MMDetection 3.x, which import
operators when they are imported, although face models call none of them and
MMDetection's face detector calls only ``nms``. A compiled ``mmcv._ext`` is
always preferred.

Can go when MMPose imports without ``mmcv.ops``.
"""

from importlib.util import find_spec
from types import ModuleType
from typing import Any, Callable

from .imports import StandIn

_NAME = 'mmcv._ext'

# Without this bound pip installs openxlab, which downgrades setuptools to 60.
_INSTALL_COMPILED = 'pip install openmim "opendatalab<0.0.10" && mim install "mmcv>=2.0.1,<2.2"'
NO_MMCV = (
    'mmpose_face needs mmcv, and none is installed. Either install the pure '
    'Python one,\n    pip install "mmcv-lite>=2.0.1,<2.2"\n'
    '(enough for every face model and for the YOLOX face detector), or one '
    f'with compiled operators that fits your torch,\n    {_INSTALL_COMPILED}'
)


class _Operators(StandIn):
    """Serves ``mmcv._ext`` where mmcv has no compiled one."""


def install() -> None:
    """Serve ``mmcv._ext`` where mmcv has no compiled one."""
    _Operators(_NAME, _build).install()


def check() -> None:
    """Make sure that mmcv is installed.

    Raises:
        ImportError: If it is not; the message says what to install.
    """
    if find_spec('mmcv') is None:
        raise ImportError(NO_MMCV)


def _build(name: str) -> ModuleType:
    module: Any = ModuleType(name, doc=__doc__)
    module.nms = nms
    module.__getattr__ = _missing_operator
    return module


def nms(bboxes, scores, iou_threshold: float, offset: int = 0):
    """Non-maximum suppression by torchvision.

    Args:
        bboxes (Tensor): Boxes ``(N, 4)`` as x1, y1, x2, y2 in pixels.
        scores (Tensor): Scores ``(N, )``.
        iou_threshold (float): A box is dropped when its IoU with a better
            one exceeds this ratio.
        offset (int): 1 if x2 and y2 belong to the box (its width is then
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
            f'    pip uninstall -y mmcv-lite && {_INSTALL_COMPILED}'
        )

    operator.__name__ = name
    return operator
