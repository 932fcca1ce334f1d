# SPDX-License-Identifier: Apache-2.0
"""The rows of this package by name in MMPose's inferencers.

For: MMEngine 0.10, whose inferencers find models by name only in MMPose's own
index.

Can go when MMEngine also asks other packages.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .metafiles import read_rows
from .shipped import shipped_models


def install(module: ModuleType) -> None:
    """Let MMPose's inferencers find the rows of this package.

    Args:
        module (module): ``mmengine.infer``.
    """
    inferencer = module.BaseInferencer
    original = inferencer._get_models_from_metafile

    def _get_models_from_metafile(dir: str) -> Iterator[dict[str, Any]]:
        yield from original(dir)
        if dir == inferencer._get_repo_or_mim_dir('mmpose'):
            yield from _rows()

    inferencer._get_models_from_metafile = staticmethod(_get_models_from_metafile)


def _rows() -> Iterator[dict[str, Any]]:
    """The rows in the form of MMPose's index; MMEngine joins their paths to the
    folder of the index, which leaves absolute paths as they are."""
    for row in read_rows():
        yield dict(
            Name=row.name, Alias=row.alias, Config=str(row.config), Weights=row.weights or None
        )
    for model in shipped_models():
        yield dict(
            Name=model.name, Alias=model.alias, Config=str(model.config), Weights=str(model.weights)
        )
