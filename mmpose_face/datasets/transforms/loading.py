# SPDX-License-Identifier: Apache-2.0
"""Loading of images, with errors that name the file."""

from __future__ import annotations

import numpy as np
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from ..jpeg import ImageFile, decode_image, read_image
from ..lazy_images import LazyImage, LazySample


@TRANSFORMS.register_module()
class LoadFaceImage(LoadImage):
    """MMPose's ``LoadImage`` that leaves the image to
    :class:`~mmpose_face.datasets.WarpFace`, which knows how much of it is
    needed.

    A JPEG image is decoded at a half, a quarter or an eighth of its size
    where that still has 1.5 times as many pixels as the crop, down and
    across: a half from boxes of 768 pixels on, for a crop of 256. What was
    decoded for one face is there for the next ones of the same image. A step
    that asks for ``img`` before the warp gets the whole image, as MMPose
    would have loaded it.

    Of a truncated or unreadable file it says what is wrong with it.
    ``LoadImage`` raises an ``AssertionError`` that asks whether it exists.

    Args:
        *args, **kwargs: As ``LoadImage`` takes them. Images that are not decoded by
            OpenCV to uint8 in colour are decoded here and whole.

    Raises:
        FileNotFoundError: If the image is missing.
        ValueError: If the file is truncated or no image; of a JPEG file when
            it is decoded.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._plain = (self.color_type, self.imdecode_backend, self.to_float32) == (
            'color',
            'cv2',
            False,
        )

    def transform(self, results: dict) -> dict:
        """The sample with its image."""
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        if self._plain:
            return self._load_lazily(results, ImageFile(path, self.backend_args))
        image = decode_image(
            read_image(path, self.backend_args), path, self.color_type, self.imdecode_backend
        )
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        return super().transform(results)

    def _load_lazily(self, results: dict, file: ImageFile) -> LazySample:
        image = LazyImage(file)
        results = LazySample(results.items())
        results.update(img=image, img_shape=image.shape, ori_shape=image.shape)
        return results
