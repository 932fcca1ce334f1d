# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from mmpose_face.images.writing import write_image

IMAGE = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)


def test_the_end_of_the_name_says_the_format(tmp_path):
    write_image(tmp_path / 'a.png', IMAGE)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'a.png')), IMAGE)
    write_image(tmp_path / 'a.jpg', IMAGE)
    assert (tmp_path / 'a.jpg').read_bytes()[:2] == b'\xff\xd8'


@pytest.mark.parametrize('suffix', ['', '.', '.gone'])
def test_names_of_no_image_format(tmp_path, suffix):
    with pytest.raises(ValueError, match='no image format ends in'):
        write_image(tmp_path / f'a{suffix}', IMAGE)
