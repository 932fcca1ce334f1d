# SPDX-License-Identifier: Apache-2.0
import os

import numpy as np
import pytest

from mmpose_face.datasets.kept_images import Decoded, KeptImages, stamp_of


def image(size):
    return Decoded(np.zeros((1, size, 3), np.uint8), (1, size), True)


@pytest.fixture
def stamps(tmp_path):
    paths = [tmp_path / f'{i}.jpg' for i in range(5)]
    for path in paths:
        path.write_bytes(b'')
    return [stamp_of(str(path)) for path in paths]


def there(kept, stamps):
    return [kept._images.get((stamp, 1)) is not None for stamp in stamps]


def test_as_many_as_fit(stamps):
    kept = KeptImages(max_bytes=30)
    for stamp in stamps:
        kept.put(stamp, 1, image(4))
    assert there(kept, stamps) == [False, False, False, True, True]


def test_the_one_asked_for_last_stays(stamps):
    kept = KeptImages(max_bytes=24)
    kept.put(stamps[0], 1, image(4))
    kept.put(stamps[1], 1, image(4))
    assert kept.get(stamps[0], 1) is not None
    kept.put(stamps[2], 1, image(4))
    assert there(kept, stamps[:3]) == [True, False, True]


def test_the_last_one_stays_however_large(stamps):
    kept = KeptImages(max_bytes=10)
    kept.put(stamps[0], 1, image(1))
    kept.put(stamps[1], 1, image(1000))
    assert there(kept, stamps[:2]) == [False, True]
    kept.put(stamps[2], 1, image(1))
    assert there(kept, stamps[:3]) == [False, False, True]


def test_room_is_made_before_an_image_is_decoded(stamps):
    kept = KeptImages(max_bytes=30)
    for stamp in stamps[:2]:
        kept.put(stamp, 1, image(4))
    kept.make_room(12)
    assert there(kept, stamps[:2]) == [False, True]
    kept.make_room(10**9)
    assert not kept._images


def test_sizes_are_kept_apart(stamps):
    kept = KeptImages(max_bytes=100)
    half = image(2)
    kept.put(stamps[0], 2, half)
    assert kept.get(stamps[0], 2) is half
    assert kept.get(stamps[0], 1) is None
    assert kept.get(stamps[1], 2) is None
    kept.clear()
    assert kept.get(stamps[0], 2) is None


@pytest.mark.parametrize('change', [
    lambda path: path.write_bytes(b'12'),
    lambda path: os.utime(path, ns=(0, 5)),
    lambda path: path.with_name('b').replace(path),
])
def test_a_stamp_tells_changes(tmp_path, change):
    path = tmp_path / 'a'
    for name in 'a', 'b':
        path.with_name(name).write_bytes(b'1')
        os.utime(path.with_name(name), ns=(0, 0))
    before = stamp_of(str(path))
    assert stamp_of(str(path)) == before
    change(path)
    assert stamp_of(str(path)) != before


def test_a_stamp_knows_where_the_file_is(tmp_path, monkeypatch):
    (tmp_path / 'a').write_bytes(b'')
    monkeypatch.chdir(tmp_path)
    assert stamp_of('a') == stamp_of(str(tmp_path / 'a'))


@pytest.mark.parametrize('path', ['s3://bucket/a.jpg', 'none.jpg', 'a\0b'])
def test_no_file_no_stamp(path):
    assert stamp_of(path) is None
