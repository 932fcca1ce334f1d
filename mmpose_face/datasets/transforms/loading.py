# SPDX-License-Identifier: Apache-2.0
"""Loading images, with errors that name the file."""
import mmcv
import numpy as np
from mmengine import fileio
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from ..image_files import check_complete


@TRANSFORMS.register_module()
class LoadFaceImage(LoadImage):
    """MMPose's ``LoadImage`` that says what is wrong with a file.

    For a truncated or unreadable file ``LoadImage`` raises an
    ``AssertionError`` that asks whether the file exists.

    Raises:
        FileNotFoundError: If the image is missing.
        ValueError: If the file is truncated or no image.
    """

    def transform(self, results: dict) -> dict:
        if 'img' not in results:
            results['img'] = self._read(results['img_path'])
        return super().transform(results)

    def _read(self, path: str) -> np.ndarray:
        try:
            data = fileio.get(path, backend_args=self.backend_args)
        except FileNotFoundError:
            raise FileNotFoundError(f'image {path} not found') from None
        image = mmcv.imfrombytes(
            data, flag=self.color_type,
            backend=self.imdecode_backend) if data else None
        if image is None:
            check_complete(data, path)
            raise ValueError(f'{path} is not an image file')
        return image
