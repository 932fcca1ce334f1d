# SPDX-License-Identifier: Apache-2.0
"""300-W for training and testing."""

from __future__ import annotations

from pathlib import Path

from mmpose.datasets.datasets import Face300WDataset
from mmpose.registry import DATASETS

from .benchmarks import BENCHMARKS
from .converters.w300 import FOLDERS
from .face_dataset import FaceDataset
from .metainfo import scheme_metainfo


@DATASETS.register_module()
class Face300W(FaceDataset, Face300WDataset):
    """300-W with the 68 iBUG points.

    The same samples as MMPose's ``Face300WDataset``, from the same files
    (``tools/prepare_data.py 300w`` writes them), with named points and lines
    to draw and the subsets of each face: ``full`` with ``common`` or
    ``challenge``, or ``test``. Unlike MMPose's class, it reads no metainfo
    file.

    Sagonas et al., "300 faces in-the-wild challenge: database and results",
    Image and Vision Computing 47 (2016).
    """

    BENCHMARK = BENCHMARKS['300w']
    METAINFO: dict = scheme_metainfo(BENCHMARK.name, BENCHMARK.scheme)
    # The table has columns of the public and of the private test set.
    FILES = dict(
        train=('annotations/face_landmarks_300w_train.json',),
        test=(
            'annotations/face_landmarks_300w_valid.json',
            'annotations/face_landmarks_300w_test.json',
        ),
    )

    def subsets_of_file(self, file_name: str) -> tuple[str, ...]:
        return self.subsets_of_path(file_name) or ()

    @staticmethod
    def subsets_of_path(path: str) -> tuple[str, ...] | None:
        """Subsets of a face by the folder of its image.

        Args:
            path (str): The image, with or without the folders above the image
                folder.

        Returns:
            tuple[str] | None: Empty for a training face; None if the image is
            in no folder of the release.
        """
        path = '/' + Path(path).as_posix()
        # Folders above the images may be called ibug too.
        found = {path.rfind(f'/{f.name}/'): f.subsets for f in FOLDERS}
        place = max(found)
        return None if place < 0 else found[place]
