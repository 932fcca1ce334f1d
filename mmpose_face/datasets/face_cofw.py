# SPDX-License-Identifier: Apache-2.0
"""COFW for training and testing, with 29 and with 68 points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmpose.datasets.datasets import COFWDataset, Face300WDataset
from mmpose.registry import DATASETS

from .benchmarks import BENCHMARKS
from .face_dataset import FaceDataset
from .metainfo import scheme_metainfo

_OCCLUDED = 1  # third number of a hidden point; that of a visible one is 2


@DATASETS.register_module()
class FaceCOFW(FaceDataset, COFWDataset):
    """COFW with its 29 points and their occlusion.

    The same samples as MMPose's ``COFWDataset``, from the same files, with
    named points and lines to draw, and with ``occluded``, which MMPose's
    class loses. Test faces have the subset ``test``.

    Burgos-Artizzu et al., "Robust face landmark estimation under occlusion",
    ICCV 2013.
    """

    BENCHMARK = BENCHMARKS['cofw']
    METAINFO: dict = scheme_metainfo(BENCHMARK.name, BENCHMARK.scheme)
    FILES = dict(train=('annotations/cofw_train.json',), test=('annotations/cofw_test.json',))
    ALL = BENCHMARK.columns[0]

    def occluded_of(self, ann: dict) -> np.ndarray:
        return np.array(ann['keypoints'][2::3]) == _OCCLUDED

    def face_rect_of(self, ann: dict) -> Sequence[float] | None:
        # The box of MMPose's file is the rectangle of the release.
        return ann.get('face_rect', ann['bbox'])


@DATASETS.register_module()
class FaceCOFW68(FaceDataset, Face300WDataset):
    """The 507 test faces of COFW with the 68 points of iBUG and their
    occlusion, to test models that were trained on 300-W.

    Ghiasi and Fowlkes, "Occlusion Coherence: Detecting and Localizing
    Occluded Faces", arXiv:1506.08347.
    """

    BENCHMARK = BENCHMARKS['cofw68']
    METAINFO: dict = scheme_metainfo(BENCHMARK.name, BENCHMARK.scheme)
    FILES = dict(test=('annotations/cofw68_test.json',))
    ALL = BENCHMARK.columns[0]
