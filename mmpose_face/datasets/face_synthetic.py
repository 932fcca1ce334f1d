# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces as a data set that needs no files."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS
from mmpose.structures.bbox import bbox_cs2xyxy

from ..landmarks import IBUG68, WFLW98
from ..synthesis import SyntheticFace, check, render_face
from .annotations import PIXEL_STD, center_and_scale
from .metainfo import scheme_metainfo
from .synthetic_names import ALL, face_file_name


@DATASETS.register_module()
class SyntheticFaces(BaseCocoStyleDataset):
    """Faces that are drawn on demand.

    A face depends on ``seed`` and its index alone, not on the order nor on
    the number of workers or threads. Give the training and the test set
    different seeds. The samples have the fields of the file-based data sets,
    the image, and ``occluded`` (1, K) bool: points that the head itself or
    something before it hides, before any transform.
    ``tools/prepare_data.py synthetic`` writes the same faces as files.

    Args:
        num_faces (int): Number of faces.
        seed (int): Number of the collection. Defaults to 0.
        size (int): Width and height of the images in pixels. Defaults to
            256.
        attributes (Collection[str], optional): Attributes of every face, from
            :data:`~mmpose_face.synthesis.ATTRIBUTES`. Defaults to a random
            choice for each face.
        **kwargs: ``pipeline``, ``test_mode`` and so on; see
            :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: If ``num_faces`` is not positive, or another argument is
            out of range.
    """

    SCHEME = WFLW98
    METAINFO: dict = scheme_metainfo('synthetic', WFLW98)

    def __init__(
        self,
        num_faces: int,
        seed: int = 0,
        size: int = 256,
        attributes: Collection[str] | None = None,
        **kwargs,
    ) -> None:
        if num_faces < 1:
            raise ValueError(f'num_faces must be positive, got {num_faces}')
        check(seed, size, attributes)
        self.num_faces = num_faces
        self.seed = seed
        self.size = size
        self.attributes = attributes
        self._points = list(WFLW98.map_to(self.SCHEME))
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        return [
            dict(id=i, img_id=i, img_path=f'synthetic/{self.seed}/{face_file_name(i)}')
            for i in range(self.num_faces)
        ]

    def get_data_info(self, idx: int) -> dict:
        """The face at an index, with ``img`` drawn."""
        info = super().get_data_info(idx)
        face = render_face(self.seed, info['id'], self.size, self.attributes)
        info.update(self._as_sample(face))
        return info

    def _as_sample(self, face: SyntheticFace) -> dict:
        points = face.keypoints[self._points].astype(np.float32)
        middle, side = center_and_scale(points)
        center = np.array([middle], np.float32)
        scale = np.full((1, 2), side * PIXEL_STD, np.float32)
        return dict(
            img=face.image,
            bbox=bbox_cs2xyxy(center, scale),
            bbox_center=center,
            bbox_scale=scale,
            bbox_score=np.ones(1, np.float32),
            num_keypoints=len(points),
            keypoints=points[None],
            keypoints_visible=np.ones((1, len(points)), np.float32),
            occluded=face.occluded[None, self._points],
            iscrowd=0,
            subsets=(ALL, *face.attributes),
        )


@DATASETS.register_module()
class SyntheticFaces68(SyntheticFaces):
    """The same faces with the 68 iBUG points, by the exact map."""

    SCHEME = IBUG68
    METAINFO: dict = scheme_metainfo('synthetic', IBUG68)
