# SPDX-License-Identifier: Apache-2.0
import weakref

import cv2
import mmcv
import numpy as np
import pytest
from conftest import serving
from photographs import crop_matrix, photograph, turned_by_exif, write_jpeg
from PIL import Image

from mmpose_face.datasets import jpeg as decoding
from mmpose_face.datasets.jpeg import ImageFile, decode_image, shape_of_jpeg
from mmpose_face.datasets.kept_images import LAST_IMAGE
from mmpose_face.images.warps import of_reduced, warp


@pytest.fixture(autouse=True)
def nothing_kept():
    LAST_IMAGE.sizes_of(None)
    yield
    LAST_IMAGE.sizes_of(None)


@pytest.fixture
def decoded(monkeypatch):
    """The flags of what was decoded."""
    flags = []

    def count(data, path, flag, *args):
        flags.append(flag)
        return decode_image(data, path, flag, *args)

    monkeypatch.setattr(decoding, 'decode_image', count)
    return flags


def files(folder):
    """Images of all kinds, as MMPose may be given them."""
    image = photograph(61, 43)
    _, jpeg = cv2.imencode('.jpg', image)
    _, grey = cv2.imencode('.jpg', image[..., 0])
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    _, progressive = cv2.imencode('.jpg', image, options)
    _, png = cv2.imencode('.png', image)
    alpha = np.dstack([image, image[..., :1]])
    _, transparent = cv2.imencode('.png', alpha)
    _, deep = cv2.imencode('.png', image.astype(np.uint16) * 257)
    _, bmp = cv2.imencode('.bmp', image)
    content = dict(
        jpeg=jpeg,
        grey=grey,
        progressive=progressive,
        png=png,
        transparent=transparent,
        deep=deep,
        bmp=bmp,
    )
    content = {name: data.tobytes() for name, data in content.items()}
    for orientation in range(1, 9):
        content[f'turned{orientation}'] = turned_by_exif(content['jpeg'], orientation)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return {name: str(folder / name) for name in content}


def test_pixels_are_those_of_mmcv(tmp_path):
    for name, path in files(tmp_path).items():
        expected = mmcv.imread(path, backend='cv2')
        for _ in range(2):  # the second time they were kept
            file = ImageFile(path)
            assert file.shape == expected.shape[:2], name
            pixels, factor = file.pixels()
            np.testing.assert_array_equal(pixels, expected, err_msg=name)
            assert factor == 1 and not pixels.flags.writeable


def test_which_can_be_reduced(tmp_path):
    """JPEG; OpenCV reduces others after it has decoded them."""
    for name, path in files(tmp_path).items():
        plain = name in ('jpeg', 'grey', 'progressive', 'turned1')
        expected = (43, 61) if plain else None
        with open(path, 'rb') as file:
            assert shape_of_jpeg(file.read()) == expected, name
        assert ImageFile(path).pixels(3)[1] == (2 if plain else 1), name


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('factor', [2, 8])
def test_turned_images_of_whole_blocks(tmp_path, orientation, factor):
    """As those of telephones are."""
    image = cv2.GaussianBlur(photograph(320, 240), (0, 0), 4)
    path = tmp_path / 'a.jpg'
    _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 100])
    path.write_bytes(turned_by_exif(data.tobytes(), orientation))
    whole = cv2.imread(str(path))
    file = ImageFile(str(path))
    assert file.shape == whole.shape[:2]
    reduced, reduced_by = file.pixels(1.5 * factor)
    assert reduced_by == factor
    height, width = file.shape
    means = whole.reshape(height // factor, factor, width // factor, factor, 3).mean((1, 3))
    assert np.abs(reduced - means).mean() < 0.6
    for axis in 0, 1:
        assert np.abs(reduced - np.roll(means, 1, axis)).mean() > 3


def test_other_colours_and_more_images(tmp_path):
    """CMYK, and the form of JPEG that cameras write with a preview."""
    image = Image.fromarray(photograph(64, 48))
    image.convert('CMYK').save(tmp_path / 'cmyk.jpg')
    image.save(tmp_path / 'two.mpo', save_all=True, append_images=[image])
    for name in 'cmyk.jpg', 'two.mpo':
        path = str(tmp_path / name)
        file = ImageFile(path)
        np.testing.assert_array_equal(file.pixels()[0], cv2.imread(path))
        np.testing.assert_array_equal(
            file.pixels(3)[0], cv2.imread(path, cv2.IMREAD_REDUCED_COLOR_2)
        )


@pytest.mark.parametrize(
    'pitch, factor', [(1, 1), (2.99, 1), (3, 2), (5.99, 2), (6, 4), (12, 8), (1000, 8)]
)
def test_half_as_many_pixels_again_as_needed(tmp_path, pitch, factor):
    path = write_jpeg(tmp_path / 'a.jpg', photograph(61, 43))
    file = ImageFile(path)
    pixels, reduced_by = file.pixels(pitch)
    assert reduced_by == factor and file.shape == (43, 61)
    assert pixels.shape == (-(-43 // factor), -(-61 // factor), 3)


def ideal(image, matrix, size):
    """Each pixel of the crop is the mean of its area in the image."""
    fine = matrix * 8
    fine[:, 2] += 3.5
    crop = cv2.warpAffine(image, fine, (size * 8, size * 8))
    return crop.reshape(size, 8, size, 8, 3).mean((1, 3))


def sharpness(crop):
    """The mean difference of neighbours."""
    crop = crop.astype(float)
    return np.abs(np.diff(crop, axis=0)).mean() + np.abs(np.diff(crop, axis=1)).mean()


@pytest.mark.parametrize('factor', [2, 4, 8])
def test_a_crop_of_a_reduced_image_is_as_sharp(tmp_path, factor):
    """As one whose pixels are the means of their areas, and closer to that
    than one of the whole image, which sees a fraction of its pixels."""
    size = 48
    side = size * factor * 1.5 * 1.001
    image = photograph(int(side * 1.5), int(side * 1.4))
    file = ImageFile(write_jpeg(tmp_path / 'a.jpg', image))
    image, rng = file.pixels()[0], np.random.default_rng(0)
    rows = []
    for _ in range(10):
        matrix = crop_matrix(rng, image.shape, (size, size), (side, side))
        best = ideal(image, matrix, size)
        reduced, reduced_by = file.pixels(side / size)
        assert reduced_by == factor
        crop = warp(reduced, of_reduced(matrix, factor), (size, size))
        plain = warp(image, matrix, (size, size))
        rows.append(
            [
                sharpness(crop) / sharpness(best),
                np.abs(crop - best).mean() / np.abs(plain - best).mean(),
            ]
        )
    sharper, closer = np.mean(rows, 0)
    assert sharper > 0.97
    assert closer < 1


def test_decoded_once_for_faces_that_follow_one_another(tmp_path, decoded):
    path = write_jpeg(tmp_path / 'a.jpg', photograph(61, 43))
    arrays = [ImageFile(path).pixels()[0] for _ in range(5)]
    assert len(decoded) == 1
    assert all(array is arrays[0] for array in arrays)
    for pitch in 3, 1, 3:
        ImageFile(path).pixels(pitch)
    assert len(decoded) == 2


def test_another_image_takes_the_place(tmp_path, decoded):
    paths = [write_jpeg(tmp_path / f'{i}.jpg', photograph(61, 43, i)) for i in range(2)]
    gone = weakref.ref(ImageFile(paths[0]).pixels()[0])
    assert gone() is not None
    second = ImageFile(paths[1])
    assert second.shape == (43, 61)
    assert gone() is None  # before the other one is decoded
    for path in paths:
        np.testing.assert_array_equal(ImageFile(path).pixels()[0], cv2.imread(path))
    assert len(decoded) == 3


def test_nothing_is_decoded_for_the_size(tmp_path, decoded):
    file = ImageFile(write_jpeg(tmp_path / 'a.jpg', photograph(61, 43)))
    assert file.shape == (43, 61) and not decoded


def test_a_file_that_has_changed_is_decoded_anew(tmp_path):
    path = write_jpeg(tmp_path / 'a.jpg', photograph(61, 43))
    before = ImageFile(path).pixels()[0]
    write_jpeg(tmp_path / 'a.jpg', photograph(61, 43, seed=1))
    after = ImageFile(path).pixels()[0]
    np.testing.assert_array_equal(after, cv2.imread(path))
    assert (before != after).any()


def test_images_from_elsewhere(tmp_path, decoded):
    """Of a file that cannot be asked whether it has changed nothing is
    kept."""
    path = write_jpeg(tmp_path / 'a.jpg', photograph(61, 43))
    with serving(tmp_path) as address:
        for number in 1, 2:
            file = ImageFile(f'{address}/a.jpg')
            assert file.stamp is None
            for _ in range(2):
                np.testing.assert_array_equal(file.pixels()[0], cv2.imread(path))
            assert len(decoded) == number
    assert ImageFile(path, dict(backend='petrel')).stamp is None
    assert ImageFile(path, dict(backend='local')).stamp is not None


@pytest.mark.parametrize('data', [b'', b'\xff\xd8', b'\xff\xd8\xff\xe1\0\4ab'])
def test_damaged_headers_have_no_size(data):
    assert shape_of_jpeg(data) is None


def test_a_header_that_lies(tmp_path, monkeypatch):
    path = write_jpeg(tmp_path / 'a.jpg', photograph(61, 43))
    monkeypatch.setattr(decoding, 'shape_of_jpeg', lambda data: (61, 43))
    with pytest.raises(ValueError, match=r'a.jpg: expected \(61, 43\) pixels'):
        ImageFile(path).pixels()
