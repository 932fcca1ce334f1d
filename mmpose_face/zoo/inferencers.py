# SPDX-License-Identifier: Apache-2.0
"""The rows of this package by name in MMPose's inferencers.

For: MMEngine 0.10, whose inferencers find a model by its name in the index
of MMPose's own files alone.

Can go when MMEngine asks other packages, too.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .metafiles import read_rows
from .shipped import shipped_models


def install(module: ModuleType) -> None:
    """Let MMPose's inferencers know the rows.

    Args:
        module (module): ``mmengine.infer``.
    """
    inferencer = module.BaseInferencer
    theirs = inferencer._get_models_from_metafile

    def _get_models_from_metafile(dir: str) -> Iterator[dict[str, Any]]:
        yield from theirs(dir)
        if dir == inferencer._get_repo_or_mim_dir('mmpose'):
            yield from _rows()

    inferencer._get_models_from_metafile = staticmethod(_get_models_from_metafile)


def _rows() -> Iterator[dict[str, Any]]:
    """As an index of MMPose's has them; a path that is absolute stays so when
    it is joined to the folder of the index."""
    for row in read_rows():
        yield dict(
            Name=row.name, Alias=row.alias, Config=str(row.config), Weights=row.weights or None
        )
    for model in shipped_models():
        yield dict(
            Name=model.name, Alias=model.alias, Config=str(model.config), Weights=str(model.weights)
        )
