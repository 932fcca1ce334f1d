# SPDX-License-Identifier: Apache-2.0
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mmpose_face.datasets.kept_images import Decoded, LastImage, stamp_of


@pytest.fixture
def stamps(tmp_path):
    paths = [tmp_path / f'{i}.jpg' for i in range(2)]
    for path in paths:
        path.write_bytes(b'')
    return [stamp_of(str(path)) for path in paths]


def image():
    return Decoded(np.zeros((1, 4, 3), np.uint8), (1, 4), True)


def test_one_image_in_several_sizes(stamps):
    last = LastImage()
    whole, half = image(), image()
    last.sizes_of(stamps[0])[1] = whole
    last.sizes_of(stamps[0])[2] = half
    assert last.sizes_of(stamps[0]) == {1: whole, 2: half}
    assert last.sizes_of(stamps[1]) == {}
    assert last.sizes_of(stamps[0]) == {}


def test_of_an_image_without_a_stamp_nothing_is_kept(stamps):
    last = LastImage()
    last.sizes_of(stamps[0])[1] = image()
    last.sizes_of(None)[1] = image()
    for stamp in None, stamps[0]:
        assert last.sizes_of(stamp) == {}


def test_threads_do_not_disturb_one_another(stamps):
    last = LastImage()
    last.sizes_of(stamps[0])[1] = image()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(last.sizes_of, stamps[1]).result() == {}
    assert 1 in last.sizes_of(stamps[0])


@pytest.mark.parametrize(
    'change',
    [
        lambda path: path.write_bytes(b'12'),
        lambda path: os.utime(path, ns=(0, 5)),
        lambda path: path.with_name('b').replace(path),
    ],
)
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
