# SPDX-License-Identifier: Apache-2.0
"""The faces of COCO-WholeBody for training and testing."""

from collections.abc import Sequence

from mmpose.datasets.datasets import CocoWholeBodyFaceDataset
from mmpose.registry import DATASETS

from .benchmarks import BENCHMARKS
from .face_dataset import FaceDataset
from .metainfo import scheme_metainfo


@DATASETS.register_module()
class FaceCocoWholeBody(FaceDataset, CocoWholeBodyFaceDataset):
    """The faces of COCO-WholeBody with the 68 points of iBUG.

    The same samples as MMPose's ``CocoWholeBodyFaceDataset``, from the same
    files, with named points and lines to draw. Faces of the validation set
    have the subset ``val``.

    Jin et al., "Whole-Body Human Pose Estimation in the Wild", ECCV 2020.
    """

    BENCHMARK = BENCHMARKS['coco_wholebody_face']
    METAINFO: dict = scheme_metainfo(BENCHMARK.name, BENCHMARK.scheme)
    SOURCE = (
        'it is one of the release of COCO-WholeBody; or make one that holds '
        'the faces alone with\n    python tools/prepare_data.py '
        '{name} --raw RELEASE --out {out}'
    )
    FILES = dict(
        train=('annotations/coco_wholebody_train_v1.0.json',),
        test=('annotations/coco_wholebody_val_v1.0.json',),
    )
    IMAGES = dict(train='train2017/', test='val2017/')
    ALL = BENCHMARK.columns[0]

    def face_rect_of(self, ann: dict) -> Sequence[float]:
        return ann['face_box']
