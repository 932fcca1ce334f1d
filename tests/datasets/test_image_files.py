# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from PIL import Image

from mmpose_face.datasets.image_files import image_size
from mmpose_face.images.reading import check_complete


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'bmp'])
def test_size(tmp_path, image, suffix):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), image)
    assert image_size(path) == (60, 40)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_size_is_that_of_the_loaded_image(tmp_path, image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(tmp_path / 'a.jpg', exif=exif)
    height, width = cv2.imread(str(tmp_path / 'a.jpg')).shape[:2]
    assert image_size(tmp_path / 'a.jpg') == (width, height)


@pytest.mark.parametrize('suffix', ['jpg', 'png'])
@pytest.mark.parametrize('share', [0.5, 0.9])
def test_truncated(tmp_path, image, suffix, share):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), image)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=rf'a\.{suffix} is a truncated'):
        image_size(path)


def test_a_few_bytes_behind_the_end_are_no_fault(image):
    data = cv2.imencode('.jpg', image)[1].tobytes()
    check_complete(data + b'\0' * 100, 'a.jpg')


@pytest.mark.parametrize('content', [b'', b'x', b'not an image at all'])
def test_no_image(tmp_path, content):
    (tmp_path / 'a.jpg').write_bytes(content)
    with pytest.raises(ValueError, match='a.jpg is not an image file'):
        image_size(tmp_path / 'a.jpg')


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'bmp', 'tif', 'gif'])
def test_damage_anywhere_is_a_value_error_with_the_name(tmp_path, image, suffix):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(image).save(path)
    data = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        damaged = data.copy()
        # Most of it in the header.
        at = rng.integers(0, min(80, len(data)), rng.integers(1, 6))
        damaged[at] = rng.integers(0, 256, len(at))
        path.write_bytes(damaged.tobytes())
        try:
            image_size(path)
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 5


def test_names_that_no_image_has(tmp_path, image):
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    for name in ('none.png', 'a.png/b.png', 'a' * 300):
        with pytest.raises(FileNotFoundError, match=name[:20]):
            image_size(tmp_path / name)
    with pytest.raises(ValueError, match='is a folder'):
        image_size(tmp_path)
