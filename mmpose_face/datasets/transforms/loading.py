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
    """MMPose's ``LoadImage`` that leaves the decoding to
    :class:`~mmpose_face.datasets.WarpFace`, which knows the size of the crop.

    A JPEG image is decoded at a half, a quarter or an eighth of its size if it
    then still has 1.5 times as many pixels as the crop, down and across: for
    a crop of 256, at a half for boxes from 768 pixels on. The decoded image
    is kept for the next faces of the same image. A step that reads ``img``
    before the warp gets the whole image, as from MMPose.

    The errors say what is wrong with a truncated or unreadable file;
    ``LoadImage`` raises an ``AssertionError`` that asks whether it exists.

    Args:
        *args, **kwargs: As ``LoadImage`` takes them. With options other than
            colour images of uint8 from OpenCV, the whole image is decoded
            here.

    Raises:
        FileNotFoundError: If the image is missing.
        ValueError: If the file is truncated or not an image; for a JPEG file
            when it is decoded.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._is_lazy = (self.color_type, self.imdecode_backend, self.to_float32) == (
            'color',
            'cv2',
            False,
        )

    def transform(self, results: dict) -> dict:
        """The sample with its image."""
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        if self._is_lazy:
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
