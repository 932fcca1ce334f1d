# SPDX-License-Identifier: Apache-2.0
"""What current torch, numpy and Python need from OpenMMLab's 2024 releases.

The only package that knows about versions. Each module mends one thing, says
for which releases, and has a test that shows the fault without it; when such
a test fails, the module can go.
"""
from . import checkpoints, coco_api, mmcv_ext
from .processes import cpu_model_wrapper, cpu_processes

__all__ = ['apply', 'cpu_model_wrapper', 'cpu_processes']


def apply() -> None:
    """Apply every work-around; calling it again changes nothing.

    Raises:
        ImportError: If no mmcv is installed; the message says what to do.
    """
    mmcv_ext.install()
    coco_api.install()
    checkpoints.install()
