# SPDX-License-Identifier: Apache-2.0
"""AFLW for training and testing."""

from mmpose.datasets.datasets import AFLWDataset
from mmpose.registry import DATASETS

from .benchmarks import BENCHMARKS
from .face_dataset import FaceDataset
from .metainfo import scheme_metainfo


@DATASETS.register_module()
class FaceAFLW(FaceDataset, AFLWDataset):
    """AFLW with 19 points.

    The same samples as MMPose's ``AFLWDataset``, from the same files, with
    named points and lines to draw, ``box_size`` for the normaliser, and the
    subsets of each test face: ``full``, and ``frontal`` if all points are
    visible. If the file has no subsets, they come from MMPose's file of the
    frontal faces beside it. In files of ``tools/prepare_data.py aflw``,
    ``occluded`` has the release's invisible points; they have coordinates and
    are scored.

    Zhu et al., "Unconstrained Face Alignment via Cascaded Compositional
    Learning", CVPR 2016; Koestinger et al., "Annotated Facial Landmarks in
    the Wild", ICCV Workshops 2011.
    """

    BENCHMARK = BENCHMARKS['aflw']
    METAINFO: dict = scheme_metainfo(BENCHMARK.name, BENCHMARK.scheme)
    FILES = dict(
        train=('annotations/face_landmarks_aflw_train.json',),
        test=('annotations/face_landmarks_aflw_test.json',),
    )
    ALL = BENCHMARK.columns[0]
    SUBSET_FILES = dict(frontal='face_landmarks_aflw_test_frontal.json')

    def face_rect_of(self, ann: dict) -> list[float]:
        # MMPose's file has centre and size of the rectangle, a square.
        (x, y), size = ann['center'], ann['scale'] * 200
        return ann.get('face_rect', [x - size / 2, y - size / 2, size, size])
