# SPDX-License-Identifier: Apache-2.0
"""Faces without files, for steps that begin after the data set."""

from collections.abc import Sequence

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from .photos import photo

# Different images; what is left of a sample is of its own.
_IMAGES = 8
_SIZE = 320


@DATASETS.register_module()
class MemoryFaces(BaseCocoStyleDataset):
    """Made-up samples of any benchmark, the same for our and for MMPose's
    pipeline.

    Args:
        num_faces (int): Number of faces.
        metainfo (dict): That of the benchmark's data set class.
        subsets (Sequence[str]): What every face belongs to.
        **kwargs: ``pipeline``, ``test_mode`` and so on; see
            :class:`mmengine.dataset.BaseDataset`.
    """

    def __init__(
        self, num_faces: int, metainfo: dict, subsets: Sequence[str] = ('test',), **kwargs
    ) -> None:
        self.num_faces = num_faces
        self.subsets = tuple(subsets)
        self._images = [photo(_SIZE, _SIZE, seed) for seed in range(_IMAGES)]
        super().__init__(metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict]:
        return [dict(id=i, img_id=i, img_path=f'memory/{i:06}.png') for i in range(self.num_faces)]

    def get_data_info(self, idx: int) -> dict:
        """The face at an index, with ``img``."""
        info = super().get_data_info(idx)
        return dict(info, img=self._images[idx % _IMAGES], **self._face(idx))

    def _face(self, index: int) -> dict:
        """Points anywhere in a box of about half the image."""
        rng = np.random.default_rng(index)
        side = rng.uniform(0.4, 0.6) * _SIZE
        low = rng.uniform(0.1, 0.3, 2) * _SIZE
        number = self.metainfo['num_keypoints']
        points = low + side * rng.uniform(size=(1, number, 2))
        box = np.array([[*low, *(low + side)]], np.float32)
        return dict(
            bbox=box,
            bbox_score=np.ones(1, np.float32),
            box_size=float(side),
            num_keypoints=number,
            keypoints=points.astype(np.float32),
            keypoints_visible=np.ones((1, number), np.float32),
            iscrowd=0,
            subsets=self.subsets,
        )
