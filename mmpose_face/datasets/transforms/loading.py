# SPDX-License-Identifier: Apache-2.0
"""Loading of images, with errors that name the file."""

from __future__ import annotations

import numpy as np
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from ..face_crops import FaceCrops
from ..jpeg import ImageFile, decode_image, read_image
from ..lazy_images import LazyImage, LazySample

_CACHE = {'folder', 'margin'}


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
        fast (bool): False: the image is decoded here and whole, and no cache
            is used. Defaults to True.
        cache (dict, optional): Where to keep the surroundings of each face,
            so that its image need not be decoded again: ``folder`` and
            ``margin`` of :class:`~mmpose_face.datasets.face_crops.FaceCrops`.
        **kwargs: As ``LoadImage`` takes them. Images that are not decoded by
            OpenCV to uint8 in colour are decoded here and whole.

    Raises:
        FileNotFoundError: If the image is missing.
        ValueError: If the file is truncated or no image; of a JPEG file when
            it is decoded. If ``cache`` has other options, or there is to be
            one of images that OpenCV does not decode to uint8 in colour.
    """

    def __init__(self, *args, fast: bool = True, cache: dict | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fast = fast
        self._plain = (self.color_type, self.imdecode_backend, self.to_float32) == (
            'color',
            'cv2',
            False,
        )
        if cache is not None and not self._plain:
            raise ValueError(
                "a cache needs color_type='color', imdecode_backend='cv2' and "
                f'to_float32=False, got {self.color_type!r}, '
                f'{self.imdecode_backend!r} and {self.to_float32}'
            )
        if cache is not None and not {'folder'} <= set(cache) <= _CACHE:
            raise ValueError(f'cache must have a folder, and may have a margin, got {cache}')
        self.cache = cache
        self._crops = FaceCrops(**cache) if fast and cache else None

    def transform(self, results: dict) -> dict:
        """The sample with its image."""
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        if self.fast and self._plain:
            return self._load_lazily(results, ImageFile(path, self.backend_args))
        image = decode_image(
            read_image(path, self.backend_args), path, self.color_type, self.imdecode_backend
        )
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        return super().transform(results)

    def _load_lazily(self, results: dict, file: ImageFile) -> LazySample:
        crop = self._crops and self._crops.of_face(file, results)
        image = LazyImage(file, crop)
        results = LazySample(results.items())
        results.update(img=image, img_shape=image.shape, ori_shape=image.shape)
        return results

    def __repr__(self) -> str:
        return f'{super().__repr__()[:-1]}, fast={self.fast}, cache={self.cache})'
