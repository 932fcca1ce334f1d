# SPDX-License-Identifier: Apache-2.0
import itertools
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale
from photographs import face_in, photograph, write_jpeg

from mmpose_face.datasets import RandomFaceBox, WarpFace, face_crops
from mmpose_face.datasets import jpeg as decoding
from mmpose_face.datasets.crop_files import Crop, inside
from mmpose_face.datasets.face_crops import FaceCrops, part_around
from mmpose_face.datasets.jpeg import ImageFile, decode_image
from mmpose_face.datasets.kept_images import LAST_IMAGE
from mmpose_face.images.warps import looked_at


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Images of tests are young; and nothing is kept in memory."""
    monkeypatch.setattr(face_crops, '_STEP', 0)
    monkeypatch.setattr(LAST_IMAGE, 'sizes_of', lambda stamp: {})


@pytest.fixture
def path(tmp_path):
    return write_jpeg(tmp_path / 'a.jpg', photograph(200, 150))


@pytest.fixture
def decoded(monkeypatch):
    """The images that were decoded."""
    paths = []

    def count(data, path, *args):
        paths.append(path)
        return decode_image(data, path, *args)

    monkeypatch.setattr(decoding, 'decode_image', count)
    return paths


def face(x=100.0, y=80.0, side=40.0):
    return dict(
        bbox_center=np.array([[x, y]], np.float32), bbox_scale=np.full((1, 2), side, np.float32)
    )


def crop_of(path, folder, sample=None, margin=2.0):
    return FaceCrops(folder, margin).of_face(ImageFile(path), sample or face())


def only_file(folder):
    (file,) = Path(folder).glob('*/*.crop')
    return file


def assert_right(crop, path):
    left, top, right, bottom = crop.part
    expected = cv2.imread(path)
    assert crop.shape == expected.shape[:2]
    np.testing.assert_array_equal(crop.pixels, expected[top:bottom, left:right])


@pytest.mark.parametrize(
    'x, y, side, part',
    [
        (100, 80, 40, (60, 40, 141, 121)),
        (10.5, 20.25, 30, (0, 0, 42, 52)),
        (190, 140, 40, (150, 100, 200, 150)),
        (100, 80, 500, (0, 0, 200, 150)),
    ],
)
def test_read_as_written(tmp_path, path, decoded, x, y, side, part):
    """The box twice as large, with the pixels that it ends in."""
    for _ in range(3):
        crop = crop_of(path, tmp_path / 'crops', face(x, y, side))
        assert crop.part == part
        assert_right(crop, path)
    assert len(decoded) == 1


def test_boxes_of_both_forms(tmp_path, path):
    sample = face()
    corners = dict(bbox=np.array([[80, 60, 120, 100]], np.float32))
    assert part_around(sample, 2.0) == part_around(corners, 2.0)
    narrow = dict(sample, bbox_scale=np.array([[10, 40]], np.float32))
    assert part_around(sample, 2.0) == part_around(narrow, 2.0)
    assert part_around(sample, 2.5) == (50, 30, 151, 131)


@pytest.mark.parametrize(
    'sample',
    [
        dict(),
        dict(bbox=np.zeros((2, 4), np.float32)),
        dict(bbox=np.full((1, 4), np.nan)),
        dict(bbox=np.array([[0, 0, np.inf, 9]])),
        face(x=-500.0),
    ],
)
def test_what_has_no_crop(tmp_path, path, sample):
    assert crop_of(path, tmp_path / 'crops', sample or dict(id=3)) is None
    assert not list((tmp_path / 'crops').glob('*/*'))


def test_images_of_all_kinds(tmp_path):
    """Also of those that EXIF data turns, and of PNG."""
    image = photograph(200, 150)
    png = str(tmp_path / 'a.png')
    cv2.imwrite(png, np.dstack([image, image[..., :1]]))
    for _ in range(2):
        assert_right(crop_of(png, tmp_path / 'crops'), png)


DAMAGE = dict(
    truncated=lambda data: data[:-1],
    half=lambda data: data[: len(data) // 2],
    head_only=lambda data: data[:100],
    empty=lambda data: b'',
    longer=lambda data: data + b'\0',
    zeros=lambda data: bytes(len(data)),
    swapped=lambda data: data[:-200] + data[-100:] + data[-200:-100],
    other=lambda data: b'a file of another program',
    older=lambda data: data.replace(b' crop 1,', b' crop 0,', 1),
    decoder=lambda data: data.replace(b'OpenCV ', b'OpenCV 0', 1),
)


@pytest.mark.parametrize('damage', DAMAGE)
def test_damage_is_noticed_and_mended(tmp_path, path, decoded, logged, damage):
    folder = tmp_path / 'crops'
    crop_of(path, folder)
    file = only_file(folder)
    whole = file.read_bytes()
    file.write_bytes(DAMAGE[damage](whole))
    assert file.read_bytes() != whole
    crops = FaceCrops(folder, 2.0)
    for _ in range(3):
        assert_right(crops.of_face(ImageFile(path), face()), path)
    assert len(decoded) == 2
    assert file.read_bytes() == whole
    assert len(logged.messages) == 1 and 'made anew' in logged.messages[0]


def test_each_flipped_bit_is_noticed(tmp_path, path, decoded):
    crops, sample = FaceCrops(tmp_path / 'crops'), face(side=2.0)
    crops.of_face(ImageFile(path), sample)
    file = only_file(crops.folder)
    whole = file.read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        file.write_bytes(flipped)
        assert_right(crops.of_face(ImageFile(path), sample), path)
        assert len(decoded) == place + 2
        assert file.read_bytes() == whole


def test_another_image_under_the_same_name(tmp_path, path, decoded, logged):
    folder = tmp_path / 'crops'
    before = crop_of(path, folder)
    write_jpeg(Path(path), photograph(200, 150, seed=1))
    for _ in range(2):
        after = crop_of(path, folder)
        assert_right(after, path)
    assert (before.pixels != after.pixels).any()
    assert len(decoded) == 2 and 'another state' in logged.text
    only_file(folder)


def test_another_image_of_the_same_time_and_size(tmp_path, decoded):
    """Only the time of the change tells it, which nobody can set."""
    paths = [tmp_path / f'{seed}.bmp' for seed in (0, 1)]
    for seed, path in enumerate(paths):
        cv2.imwrite(str(path), photograph(200, 150, seed))
        os.utime(path, ns=(10**18, 10**18))
    crop_of(str(paths[0]), tmp_path / 'crops')
    time.sleep(0.02)
    paths[1].replace(paths[0])
    assert_right(crop_of(str(paths[0]), tmp_path / 'crops'), str(paths[0]))
    assert len(decoded) == 2


def test_another_box_and_another_margin(tmp_path, path, decoded):
    folder = tmp_path / 'crops'
    samples = face(), face(x=101.0), face(side=44.0)
    for _ in range(2):
        for sample in samples:
            assert_right(crop_of(path, folder, sample), path)
        assert_right(crop_of(path, folder, margin=2.5), path)
    assert len(decoded) == 4
    assert len(list(folder.glob('*/*.crop'))) == 4


def test_two_images_do_not_share_crops(tmp_path, path, decoded):
    other = write_jpeg(tmp_path / 'b.jpg', photograph(200, 150, seed=1))
    for _ in range(2):
        for each in path, other:
            assert_right(crop_of(each, tmp_path / 'crops'), each)
    assert len(decoded) == 2


def test_a_young_image_is_not_cached(tmp_path, path, decoded, monkeypatch):
    """It could be written again and look the same."""
    monkeypatch.setattr(face_crops, '_STEP', 2_000_000_000)
    for _ in range(2):
        assert_right(crop_of(path, tmp_path / 'crops'), path)
    assert len(decoded) == 2
    now = time.time_ns()
    monkeypatch.setattr(time, 'time_ns', lambda: now + 3 * 10**9)
    for _ in range(2):
        assert_right(crop_of(path, tmp_path / 'crops'), path)
    assert len(decoded) == 3


def fail(number):

    def raise_(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    return raise_


@pytest.mark.parametrize(
    'number, text', [(28, 'No space left'), (30, 'Read-only'), (13, 'Permission denied')]
)
def test_a_folder_that_cannot_be_written(
    tmp_path, path, decoded, logged, monkeypatch, number, text
):
    folder = tmp_path / 'crops'
    crop_of(path, folder)
    monkeypatch.setattr('os.replace', fail(number))
    crops = FaceCrops(folder, 2.0)
    others = [face(x=float(x)) for x in range(50, 55)]
    for sample in others:
        assert_right(crops.of_face(ImageFile(path), sample), path)
    assert_right(crops.of_face(ImageFile(path), face()), path)
    assert len(decoded) == 6  # the first one is still read
    (message,) = logged.messages
    assert text in message and 'no crops are written' in message
    assert not list(folder.glob('*/*.partial'))


def test_a_folder_that_cannot_be_made(tmp_path, path, logged, monkeypatch):
    monkeypatch.setattr(Path, 'mkdir', fail(30))
    crops = FaceCrops(tmp_path / 'none/crops')
    for _ in range(2):
        assert_right(crops.of_face(ImageFile(path), face()), path)
    assert len(logged.messages) == 1 and 'Read-only' in logged.text


def test_a_crop_that_cannot_be_read(tmp_path, path, logged):
    folder = tmp_path / 'crops'
    crop_of(path, folder)
    file = only_file(folder)
    file.unlink()
    file.mkdir()
    for _ in range(2):
        assert_right(crop_of(path, folder), path)
    assert 'cannot be read' in logged.text


def test_what_a_killed_writer_left_is_removed(tmp_path, path):
    folder = tmp_path / 'crops'
    crop_of(path, folder)
    left = only_file(folder).with_suffix('.crop.0123.partial')
    young = left.with_suffix('.4567.partial')
    for file in left, young:
        file.write_bytes(b'half')
    os.utime(left, (0, 0))
    FaceCrops(folder)
    assert not left.exists() and young.exists()
    assert_right(crop_of(path, folder), path)


def use(folder, path, seed):
    """What a worker of a loader does, for a while."""
    face_crops._STEP = 0
    LAST_IMAGE.sizes_of = lambda stamp: {}
    rng, crops = np.random.default_rng(seed), FaceCrops(folder, 2.0)
    image = cv2.imread(path)
    for _ in range(60):
        crop = crops.of_face(ImageFile(path), face(x=float(rng.integers(40, 48))))
        left, top, right, bottom = crop.part
        if (crop.pixels != image[top:bottom, left:right]).any():
            return False
        if rng.random() < 0.2:  # damages one, as a disk may
            files = list(Path(folder).glob('*/*.crop'))
            try:
                with open(files[rng.integers(len(files))], 'r+b') as file:
                    file.truncate(int(rng.integers(1000)))
            except FileNotFoundError:
                pass
    return not crops._said & {'unwritable', 'unreadable'}


def test_several_processes_at_once(tmp_path, path):
    with ProcessPoolExecutor(3) as pool:
        done = [pool.submit(use, tmp_path / 'crops', path, seed) for seed in range(3)]
        assert all(future.result() for future in done)
    assert not list((tmp_path / 'crops').glob('*/*.partial'))
    for x in range(40, 48):
        assert_right(crop_of(path, tmp_path / 'crops', face(float(x))), path)


def write_on(folder, path):
    face_crops._STEP = 0
    crops = FaceCrops(folder, 2.0)
    for x in itertools.count():
        crops.of_face(ImageFile(path), face(x=50 + x % 1000 / 10))


def test_killed_at_any_moment(tmp_path, path):
    folder = tmp_path / 'crops'
    for delay in 0.05, 0.06, 0.07, 0.08, 0.09:
        writer = multiprocessing.get_context('fork').Process(target=write_on, args=(folder, path))
        writer.start()
        time.sleep(delay)
        writer.kill()
        writer.join()
    assert len(list(folder.glob('*/*.crop'))) > 10
    crops = FaceCrops(folder, 2.0)
    for x in range(0, 1000, 5):
        assert_right(crops.of_face(ImageFile(path), face(x=50 + x / 10)), path)
    assert not crops._said


@pytest.mark.parametrize(
    'part, expected',
    [
        ((-5, -6, 7, 8), (0, 0, 7, 8)),
        ((3, 4, 70, 80), (3, 4, 60, 40)),
    ],
)
def test_holds(part, expected):
    assert inside(part, (40, 60)) == expected
    crop = Crop(None, expected, (40, 60))
    assert crop.holds(part) and crop.holds(expected)
    left, top, right, bottom = expected
    for more in (
        (left - 1, top, right, bottom),
        (left, top - 1, right, bottom),
        (left, top, right + 1, bottom),
        (left, top, right, bottom + 1),
    ):
        # Nothing is outside of the image.
        assert crop.holds(more) == (inside(more, (40, 60)) == expected)


@pytest.mark.parametrize('margin', [0.9, float('nan'), float('inf')])
def test_margin(tmp_path, margin):
    with pytest.raises(ValueError, match='margin must be finite and at least'):
        FaceCrops(tmp_path, margin)


def test_the_folder_is_a_file(path):
    with pytest.raises(ValueError, match='a.jpg is a file, expected a folder'):
        FaceCrops(path)


def test_the_default_margin_is_enough_for_the_rows(tmp_path):
    """Boxes padded by 1.25, up to 1.25 times as large, turned by up to 60
    degrees."""
    np.random.seed(0)
    steps = (
        GetBBoxCenterScale(),
        RandomFaceBox(shift_prob=0.0, rotate_factor=60.0, scale_factor=(0.75, 1.25)),
    )
    warp, margin = WarpFace((256, 256)), FaceCrops(tmp_path).margin
    shares = []
    for seed in range(500):
        sample = face_in(np.empty((400, 600, 3), np.uint8), seed)
        kept = part_around(sample, margin)
        for step in steps:
            sample = step(sample)
        needed = looked_at(warp._matrix(sample), (256, 256))
        assert Crop(None, inside(kept, (400, 600)), (400, 600)).holds(needed)
        shares.append((needed[2] - needed[0]) / (kept[2] - kept[0]))
    assert 0.9 < max(shares) <= 1
