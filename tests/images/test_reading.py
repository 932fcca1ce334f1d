# SPDX-License-Identifier: Apache-2.0
"""Images of any kind."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmpose_face.images.reading import check_complete, images_in, name_of, read_image

# Blue on the left, red on the right.
BGR = np.zeros((4, 6, 3), np.uint8)
BGR[:, :3] = 200, 10, 20
BGR[:, 3:] = 30, 40, 210


def encoded(image, suffix='.png') -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def of_pillow(mode='RGB', image=BGR) -> Image.Image:
    return Image.fromarray(image[..., ::-1]).convert(mode)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'face.png'
    path.write_bytes(encoded(BGR))
    return path


def test_every_kind_of_source(path):
    sources = [
        (path, None),
        (str(path), None),
        (path.read_bytes(), None),
        (bytearray(path.read_bytes()), None),
        (BGR, 'bgr'),
        (BGR[..., ::-1], 'rgb'),
        (of_pillow(), None),
        (of_pillow('RGBA'), None),
        (np.dstack((BGR, np.zeros((4, 6), np.uint8))), 'bgr'),
        (np.asarray(of_pillow('RGBA')), 'rgb'),
        (BGR.astype(np.uint16) * 256 + 255, 'bgr'),
    ]
    for source, channels in sources:
        found = read_image(source, channels)
        np.testing.assert_array_equal(found, BGR)
        assert found.dtype == np.uint8 and found.flags.c_contiguous


def test_what_is_bgr_is_not_copied():
    assert np.shares_memory(read_image(BGR, 'bgr'), BGR)


def test_grey_in_all_channels(tmp_path):
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
    cv2.imwrite(str(tmp_path / 'grey.png'), grey)
    expected = np.repeat(grey[..., None], 3, 2)
    for source in (grey, grey[..., None], Image.fromarray(grey), tmp_path / 'grey.png'):
        np.testing.assert_array_equal(read_image(source), expected)


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    deep = np.array([[0, 255, 256, 0x1234, 0xFFFF]], np.uint16)
    cv2.imwrite(str(tmp_path / 'deep.png'), deep)
    expected = [0, 0, 1, 0x12, 0xFF]
    for source in (deep, tmp_path / 'deep.png', Image.open(tmp_path / 'deep.png')):
        assert read_image(source)[0, :, 0].tolist() == expected


def test_transparency_is_dropped(tmp_path):
    clear = np.dstack((BGR, np.zeros((4, 6), np.uint8)))
    cv2.imwrite(str(tmp_path / 'clear.png'), clear)
    for source in (tmp_path / 'clear.png', Image.open(tmp_path / 'clear.png')):
        np.testing.assert_array_equal(read_image(source), BGR)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_turned_as_exif_says(orientation):
    """As Pillow turns it, from files and from images of Pillow."""
    big = cv2.resize(BGR, (48, 32), interpolation=cv2.INTER_NEAREST)
    big[:16, :24] = 90
    image = Image.fromarray(big[..., ::-1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, 'JPEG', quality=100, exif=exif)
    found = read_image(buffer.getvalue())
    assert found.shape[:2] == ((48, 32) if orientation > 4 else (32, 48))
    # Decoders differ by a few levels.
    expected = read_image(Image.open(buffer)).astype(int)
    assert abs(found.astype(int) - expected).mean() < 2


def test_one_pixel_and_twenty_thousand():
    assert read_image(encoded(BGR[:1, :1])).shape == (1, 1, 3)
    wide = np.zeros((3, 20000, 3), np.uint8)
    assert read_image(encoded(wide)).shape == wide.shape


@pytest.mark.parametrize(
    'source, error, message',
    [
        ('none.jpg', FileNotFoundError, 'image none.jpg not found'),
        (b'', ValueError, '<image of 0 bytes> is not an image file'),
        (b'plain text', ValueError, '<image of 10 bytes> is not an image'),
        (encoded(BGR)[:-20], ValueError, 'truncated PNG'),
        (encoded(BGR, '.jpg')[:-20], ValueError, 'truncated JPEG'),
        (BGR, ValueError, "say channels='bgr'"),
        (BGR.astype(float), ValueError, 'of float64, expected uint8 or uint16'),
        (BGR[..., :2], ValueError, r'<array 4x6x2>: expected an image'),
        (BGR[:0], ValueError, 'with pixels in it'),
        (BGR[None], ValueError, '<array 1x4x6x3>'),
        (7, TypeError, 'got int'),
        (Image.new('F', (2, 2)), ValueError, 'mode F'),
        (Image.fromarray(np.full((2, 2), -1, np.int32)), ValueError, '16 bits'),
    ],
)
def test_what_is_no_image(source, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        read_image(source)


def test_unknown_channels(path):
    with pytest.raises(ValueError, match="channels is 'gbr'"):
        read_image(path, 'gbr')


def test_damaged_and_folder(tmp_path):
    data = bytearray(encoded(BGR))
    data[40:60] = bytes(20)
    (tmp_path / 'broken.png').write_bytes(data)
    with pytest.raises(ValueError, match='broken.png'):
        read_image(tmp_path / 'broken.png')
    with pytest.raises(ValueError, match='is a folder'):
        read_image(tmp_path)


def test_names():
    assert name_of('a/b.jpg') == 'a/b.jpg'
    assert name_of(BGR) == '<array 4x6x3>'
    assert name_of(of_pillow()) == '<Image>'


def test_bytes_behind_the_end_are_allowed():
    check_complete(encoded(BGR, '.jpg') + bytes(100), 'a.jpg')


def test_images_of_a_folder(tmp_path):
    for name in ('b.JPG', 'a.png', 'notes.txt', 'sub/c.webp'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'')
    names = [str(path.relative_to(tmp_path)) for path in images_in(tmp_path)]
    assert names == ['a.png', 'b.JPG', 'sub/c.webp']
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='no image in it, expected files'):
        images_in(tmp_path / 'empty')
    with pytest.raises(FileNotFoundError, match='folder .*none not found'):
        images_in(tmp_path / 'none')
