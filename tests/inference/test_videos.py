# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from square_faces import landmarker, picture

from mmpose_face.inference.landmarking import Landmarker
from mmpose_face.inference.videos import Video, fit, video_file


def write(path, images, fps=20.0):
    with video_file(path, fps) as file:
        for image in images:
            file.write(image)
    return file


def test_round_trip(tmp_path):
    images = [picture((60 + 10 * i, 60)) for i in range(10)]
    write(tmp_path / 'a.mp4', images)
    assert [p.name for p in tmp_path.iterdir()] == ['a.mp4']
    with Video(tmp_path / 'a.mp4') as video:
        assert (video.fps, video.announced, video.size) == (20, 10, (320, 240))
        frames = list(video)
    assert [f.index for f in frames] == list(range(10))
    assert [f.time for f in frames] == pytest.approx(np.arange(10) / 20)
    for frame, image in zip(frames, images):
        assert np.abs(frame.image.astype(int) - image).mean() < 3


def mjpeg(path, images):
    """Bare JPEG files, one after the other, of any size."""
    path.write_bytes(b''.join(cv2.imencode('.jpg', image)[1].tobytes() for image in images))
    return path


SIZES = [(320, 240)] * 3 + [(200, 160)] * 3


def test_a_file_of_changing_size(tmp_path):
    path = mjpeg(tmp_path / 'a.mjpeg', [picture((60, 60), size=size) for size in SIZES])
    with Video(path) as video:
        frames = list(video)
    assert len(frames) == 6
    # Such a file says no times.
    assert [f.time for f in frames] == pytest.approx(np.arange(6) / video.fps)


def test_frames_of_changing_size_are_written(tmp_path):
    file = write(tmp_path / 'b.mp4', [picture(size=size) for size in SIZES])
    assert (file.size, file.fitted) == ((320, 240), 3)
    with Video(tmp_path / 'b.mp4') as video:
        shapes = [f.image.shape for f in video]
    assert shapes == [(240, 320, 3)] * 6


class Stamped:
    """A capture whose time stamps are given."""

    def __init__(self, stamps):
        self.stamps, self.at = stamps, -1

    def __call__(self, *_):
        return self

    def isOpened(self):
        return True

    def read(self):
        self.at += 1
        return self.at < len(self.stamps), picture()[..., 0]

    def get(self, what):
        if what == cv2.CAP_PROP_POS_MSEC:
            return self.stamps[self.at] * 1e3
        return float('nan') if what == cv2.CAP_PROP_FPS else 0.0

    def release(self):
        pass


@pytest.mark.parametrize(
    'stamps,times',
    [
        ((0, 0.1, 0.5), (0, 0.1, 0.5)),
        ((0, 0, 0), (0, 0.04, 0.08)),
        ((0.2, 0.3, 0.3, 0.5), (0.2, 0.3, 0.34, 0.5)),
        ((0, 0.5, 0.2), (0, 0.5, 0.54)),
        ((-9e9, -9e9, float('nan')), (0, 0.04, 0.08)),
    ],
)
def test_times_grow(tmp_path, monkeypatch, stamps, times):
    path = tmp_path / 'a.mp4'
    path.touch()
    monkeypatch.setattr('cv2.VideoCapture', Stamped(stamps))
    frames = list(Video(path))
    assert [f.time for f in frames] == pytest.approx(times)
    # Grey ones have three channels, too.
    assert frames[0].image.shape == (240, 320, 3)


def test_what_is_no_video(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.mp4 not found'):
        Video(tmp_path / 'no.mp4')
    with pytest.raises(ValueError, match='is a folder'):
        Video(tmp_path)
    for content in (b'', b'no video at all' * 100):
        (tmp_path / 'a.mp4').write_bytes(content)
        with pytest.raises(ValueError, match='a.mp4 is no video'):
            Video(tmp_path / 'a.mp4')


def test_a_video_without_frames(tmp_path, monkeypatch):
    path = tmp_path / 'a.mp4'
    path.touch()
    monkeypatch.setattr('cv2.VideoCapture', Stamped(()))
    with pytest.raises(ValueError, match='a.mp4 has no frame'):
        list(Video(path))


def test_a_video_that_is_cut(tmp_path):
    """Without its index, at the end of the file, it cannot be read."""
    path = tmp_path / 'a.mp4'
    write(path, [picture((60, 60))] * 10)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(ValueError, match='a.mp4 is no video'):
        Video(path)


def test_a_webcam_that_is_not_there():
    with pytest.raises(ValueError, match='webcam 97 cannot be opened'):
        Video(97)


def test_names_of_videos(tmp_path):
    with pytest.raises(ValueError, match=r'ends in \.mp4'):
        write(tmp_path / 'a.avi', [picture()])
    with pytest.raises(ValueError, match='no frame to write'):
        write(tmp_path / 'a.mp4', [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('size', [(100, 50), (30, 90), (20, 20)])
def test_fit(size):
    image = np.full((40, 80, 3), 200, np.uint8)
    found = fit(image, size)
    assert found.shape == (size[1], size[0], 3)
    bright = found[..., 0] > 100
    # As wide or as high as the frame, of the image's form, in the middle.
    height, width = bright.any(1).sum(), bright.any(0).sum()
    assert width == size[0] or height == size[1]
    assert width / height == pytest.approx(2, rel=0.15)
    y, x = np.argwhere(bright).mean(0)
    assert (x, y) == pytest.approx(((size[0] - 1) / 2, (size[1] - 1) / 2), abs=0.51)


def test_points_in_boxes():
    """As with the user's boxes, but in the order that was asked for."""
    ours: Landmarker = landmarker()
    image = picture((60, 60), (200, 100))
    boxes = np.array([[178.0, 80, 222, 120], [38, 40, 82, 84]])
    points, scores = ours.points_in(image, boxes)
    faces = ours(image, boxes, 'bgr')
    np.testing.assert_allclose(
        points[np.argsort(points[:, 0, 0])],
        sorted([f.keypoints for f in faces], key=lambda p: p[0, 0]),
    )
    assert scores.shape == (2, 4)
    points, scores = ours.points_in(image, boxes[:0])
    assert points.shape == (0, 4, 2) and scores.shape == (0, 4)
