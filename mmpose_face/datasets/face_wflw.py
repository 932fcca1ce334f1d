# SPDX-License-Identifier: Apache-2.0
"""WFLW, and other data in its layout, for training and testing."""

from mmpose.datasets.datasets import WFLWDataset
from mmpose.registry import DATASETS

from .benchmarks import BENCHMARKS
from .converters.wflw import SUBSET_FILES
from .face_dataset import FaceDataset
from .metainfo import scheme_metainfo


@DATASETS.register_module()
class FaceWFLW(FaceDataset, WFLWDataset):
    """WFLW with its 98 points.

    The same samples as MMPose's ``WFLWDataset``, from the same files, with
    named points and lines to draw, and with the subsets of each test face:
    ``test`` and those of ``pose``, ``expression``, ``illumination``,
    ``makeup``, ``occlusion`` and ``blur`` that apply. If the file has no
    subsets, they come from MMPose's six subset files beside it.
    ``tools/prepare_data.py synthetic`` writes synthetic faces in this layout.

    Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment Algorithm",
    CVPR 2018.
    """

    BENCHMARK = BENCHMARKS['wflw']
    METAINFO: dict = scheme_metainfo(BENCHMARK.name, BENCHMARK.scheme)
    FILES = dict(
        train=('annotations/face_landmarks_wflw_train.json',),
        test=('annotations/face_landmarks_wflw_test.json',),
    )
    ALL = BENCHMARK.columns[0]
    SUBSET_FILES = SUBSET_FILES
