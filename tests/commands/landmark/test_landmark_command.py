# SPDX-License-Identifier: Apache-2.0
import csv
import json
import os
import signal

import cv2
import numpy as np
import pytest
from conftest import REPO, run_python, run_script
from square_faces import SCHEME, landmarker, picture

from mmpose_face.commands.landmark import ModelChoice, Options, landmark
from mmpose_face.inference.landmarker import DEFAULT_MODEL
from mmpose_face.inference.videos import Video
from mmpose_face.zoo import list_models

TOOL = REPO / 'tools/landmark.py'
POINTS = [f'{n}_{w}' for n in SCHEME.points for w in ('x', 'y', 'score')]
NAME = 'a b/zwei.png'


def rows(path) -> list:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def run(source, out, by=None, **options):
    return landmark(str(source), landmarker(), Options(out, **options), by or {})


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / 'in'
    (root / 'a b').mkdir(parents=True)
    cv2.imwrite(str(root / 'eins.jpg'), picture((60, 60), (200, 100)))
    cv2.imwrite(str(root / NAME), picture((100, 100)))
    cv2.imwrite(str(root / 'none.bmp'), picture())
    return root


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / 'in.mp4', 12)


def write_video(path, frames, fps=20.0):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, (320, 240))
    for i in range(frames):
        writer.write(picture((60 + 4 * i, 60), (250, 150)))
    writer.release()
    return path


def test_image(folder, tmp_path):
    out = tmp_path / 'out'
    done = run(folder / 'eins.jpg', out, by=dict(model='squares'))
    assert str(done).startswith('1 image in ') and '2 faces' in str(done)
    assert done.files == [str(out / f'eins.jpg{end}') for end in ('', '.json', '.csv')]
    drawn = cv2.imread(str(out / 'eins.jpg'))
    assert drawn.shape == (240, 320, 3)
    assert np.ptp(drawn, axis=2).max() > 50  # in colours
    content = json.loads((out / 'eins.jpg.json').read_text())
    assert content['size'] == [320, 240]
    assert content['made_by'] == dict(model='squares')
    assert content['image'] == str(folder / 'eins.jpg')
    found = rows(out / 'eins.jpg.csv')
    assert len(found) == len(content['faces']) == 2
    assert list(found[0])[-12:] == POINTS
    for row, face in zip(found, content['faces']):
        assert [float(row[c]) for c in ('left', 'top', 'right', 'bottom')] == face['box']
        assert [float(row[c]) for c in POINTS] == np.ravel(face['keypoints']).tolist()
        assert row['frame'] == row['track_id'] == ''
    corners = sorted(float(row['top_left_x']) for row in found)
    assert corners == pytest.approx([40, 180], abs=1)


def test_image_to_a_named_file(folder, tmp_path):
    done = run(
        folder / 'eins.jpg',
        tmp_path / 'x/y.png',
        json=tmp_path / 'j/a.json',
        csv=tmp_path / 'c.csv',
    )
    assert done.files == [str(tmp_path / name) for name in ('x/y.png', 'j/a.json', 'c.csv')]
    assert all(os.path.isfile(file) for file in done.files)


def test_image_without_a_drawing(folder, tmp_path):
    done = run(folder / 'none.bmp', tmp_path / 'out', draw=False)
    assert 'without a face' in str(done)
    assert not (tmp_path / 'out/none.bmp').exists()
    assert rows(tmp_path / 'out/none.bmp.csv') == []


def test_boxes_of_an_image(folder, tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text('[[80, 80, 120, 120]]')
    done = run(folder / NAME, tmp_path / 'out', boxes=path)
    assert done.faces == 1
    for text, message in (
        ('{}', 'a list of boxes'),
        ('[', 'is not JSON'),
        ('[[1, 2, 3]]', 'expected boxes'),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            run(folder / NAME, tmp_path / 'out', boxes=path)


def test_folder(folder, tmp_path):
    out = tmp_path / 'out'
    done = run(folder, out, json=tmp_path / 'all.json')
    assert (done.done, done.faces, done.empty, done.skipped) == (3, 3, 1, 0)
    for name in ('eins.jpg', NAME, 'none.bmp'):
        assert cv2.imread(str(out / name)).shape == (240, 320, 3)
        content = json.loads((out / f'{name}.json').read_text())
        assert content['image'] == name
    found = rows(out / 'landmarks.csv')
    assert sorted(row['file'] for row in found) == [NAME, 'eins.jpg', 'eins.jpg']
    images = json.loads((tmp_path / 'all.json').read_text())['images']
    assert [len(image['faces']) for image in images] == [1, 2, 0]


def test_a_folder_is_resumed(folder, tmp_path):
    out = tmp_path / 'out'
    run(folder, out)
    table = (out / 'landmarks.csv').read_bytes()
    # Not whole; not drawn; not there.
    result = out / 'eins.jpg.json'
    result.write_text(result.read_text()[:-9])
    (out / 'none.bmp').unlink()
    done = run(folder, out)
    assert (done.done, done.skipped) == (2, 1)
    assert '1 image skipped, with results of an earlier run' in str(done)
    assert (out / 'landmarks.csv').read_bytes() == table
    (out / f'{NAME}.json').unlink()
    assert run(folder, out).skipped == 2
    done = run(folder, out)
    assert (done.done, done.skipped) == (0, 3)
    assert (out / 'landmarks.csv').read_bytes() == table


def test_results_of_another_model_are_done_again(folder, tmp_path):
    out = tmp_path / 'out'
    run(folder, out, by=dict(model='a'))
    assert run(folder, out, by=dict(model='b')).skipped == 0
    assert run(folder, out, by=dict(model='b'), low_score=0.5).skipped == 0


def test_an_image_that_has_changed_is_done_again(folder, tmp_path):
    out = tmp_path / 'out'
    run(folder, out)
    os.utime(folder / 'eins.jpg', (2e9, 2e9))
    assert run(folder, out).skipped == 2


def test_images_that_cannot_be_read(folder, tmp_path):
    out = tmp_path / 'out'
    run(folder, out)
    (folder / 'bad.jpg').write_bytes(b'no image')
    content = (folder / 'eins.jpg').read_bytes()
    (folder / 'eins.jpg').write_bytes(content[: len(content) // 2])
    os.utime(folder / 'eins.jpg', (2e9, 2e9))
    done = run(folder, out)
    assert len(done.failures) == 2 and (done.done, done.skipped) == (0, 2)
    assert 'bad.jpg is not an image' in done.failures[0]
    assert 'eins.jpg is a truncated JPEG' in done.failures[1]
    # What the image was before is not its result.
    assert {row['file'] for row in rows(out / 'landmarks.csv')} == {NAME}


def test_boxes_of_a_folder(folder, tmp_path):
    path = tmp_path / 'boxes.json'
    boxes = {'eins.jpg': [[40, 40, 80, 80]], NAME: [], 'none.bmp': [[9, 9, 3, 3]]}
    path.write_text(json.dumps(boxes))
    done = run(folder, tmp_path / 'out', boxes=path)
    assert (done.done, done.faces) == (2, 1)
    assert 'none.bmp' in done.failures[0] and 'left < right' in (done.failures[0])
    for more, message in (
        (dict(other=[]), 'boxes of a missing image, other'),
        (None, 'has no boxes of a b/zwei.png and 2 more'),
    ):
        path.write_text(json.dumps({**boxes, **more} if more else {}))
        with pytest.raises(ValueError, match=message):
            run(folder, tmp_path / 'out', boxes=path)


def test_drawings_never_go_over_the_input(folder, video):
    before = (folder / 'eins.jpg').read_bytes()
    for source, out in (
        (folder, folder),
        (folder, folder / 'out'),
        (folder / 'eins.jpg', folder),
        (folder / 'eins.jpg', folder / 'eins.jpg'),
        (video, video),
        (video, video.parent),
    ):
        if source == video and out.is_dir():
            out = video.rename(out / 'x.mp4').parent
            source = out / 'x.mp4'
        with pytest.raises(ValueError, match='choose another'):
            run(source, out)
    assert (folder / 'eins.jpg').read_bytes() == before


def test_video(video, tmp_path):
    out = tmp_path / 'out'
    done = run(video, out)
    assert (done.done, done.faces, done.empty) == (12, 24, 0)
    assert 'the detector ran in 1 frame' in str(done)
    assert 'the drawing has no sound' in str(done)
    content = json.loads((out / 'in.json').read_text())
    assert (content['fps'], content['size']) == (20, [320, 240])
    assert [f['frame'] for f in content['frames']] == list(range(12))
    times = [f['time'] for f in content['frames']]
    assert times == pytest.approx([i / 20 for i in range(12)], abs=1e-3)
    found = rows(out / 'in.csv')
    assert len(found) == 24
    moving = {row['track_id'] for row in found if float(row['top']) < 100}
    assert len(moving) == 1
    with Video(out / 'in.mp4') as drawn:
        frames = list(drawn)
    assert len(frames) == 12 and drawn.size == (320, 240)
    assert sorted(p.name for p in out.iterdir()) == ['in.csv', 'in.json', 'in.mp4']


def test_first_frames_of_a_video_without_a_drawing(video, tmp_path):
    done = run(video, tmp_path, frames=5, draw=False, csv=tmp_path / 'a.csv')
    assert done.done == 5 and len(rows(tmp_path / 'a.csv')) == 10
    assert (tmp_path / 'in.json').exists()
    assert 'sound' not in str(done) and 'could be read' not in str(done)


def test_smoothing_can_be_switched_off(video, tmp_path):
    found = {}
    for smooth in (True, False):
        run(video, tmp_path / str(smooth), smooth=smooth)
        content = json.loads((tmp_path / f'{smooth}/in.json').read_text())
        assert content['made_by'] == dict(smooth=smooth)
        found[smooth] = [f['faces'] for f in content['frames']]
    assert found[True][0] == found[False][0]
    assert found[True][5] != found[False][5]


def test_least_score_of_a_face(video, tmp_path):
    """The squares have a score of 1."""
    assert run(video, tmp_path / 'out', min_score=1.0).faces == 24
    with pytest.raises(ValueError, match='min_score'):
        run(video, tmp_path / 'out', min_score=1.1)


def test_nothing_is_left_of_a_video_that_fails(tmp_path, video, monkeypatch):

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr('mmpose_face.inference.faces.Faces.draw', fail)
    with pytest.raises(KeyboardInterrupt):
        run(video, tmp_path / 'out')
    assert list((tmp_path / 'out').iterdir()) == []


class Camera:
    """What cv2.VideoCapture gives of a camera; Ctrl-C comes after a while."""

    def __init__(self, *_):
        self.frames = 0

    def isOpened(self):
        return True

    def get(self, what):
        known = {cv2.CAP_PROP_FRAME_WIDTH: 320.0, cv2.CAP_PROP_FRAME_HEIGHT: 240.0}
        return known.get(what, 0.0)

    def read(self):
        self.frames += 1
        if self.frames == 4:
            signal.raise_signal(signal.SIGINT)
        return True, picture((60 + 2 * self.frames, 60))

    def release(self):
        pass


def test_webcam_until_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setattr('cv2.VideoCapture', Camera)
    done = run('0', tmp_path)
    assert (done.done, done.faces) == (4, 4)
    content = json.loads((tmp_path / 'webcam0.json').read_text())
    assert content['video'] == 'webcam 0'
    times = [f['time'] for f in content['frames']]
    assert times == sorted(set(times))
    assert len(rows(tmp_path / 'webcam0.csv')) == 4
    assert (tmp_path / 'webcam0.mp4').stat().st_size
    # Ctrl-C is again what it was.
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


class Growing(Camera):
    """A file whose third picture is larger, and which is cut."""

    def get(self, what):
        return 9.0 if what == cv2.CAP_PROP_FRAME_COUNT else super().get(what)

    def read(self):
        self.frames += 1
        size = (320, 240) if self.frames < 3 else (640, 480)
        return self.frames < 5, picture((60, 60), size=size)


def test_a_video_of_changing_size_that_is_cut(tmp_path, monkeypatch):
    (tmp_path / 'a.mp4').touch()
    with monkeypatch.context() as patch:
        patch.setattr('cv2.VideoCapture', Growing)
        done = run(tmp_path / 'a.mp4', tmp_path / 'out')
    assert '2 frames of another size than the first' in str(done)
    assert 'only 4 of 9 frames of' in str(done)
    frames = json.loads((tmp_path / 'out/a.json').read_text())['frames']
    assert [f.get('size') for f in frames] == [None, None] + [[640, 480]] * 2
    assert all(len(f['faces']) == 1 for f in frames)
    with Video(tmp_path / 'out/a.mp4') as drawn:
        shapes = [f.image.shape for f in drawn]
    assert shapes == [(240, 320, 3)] * 4


def test_what_cannot_be_done(folder, video, tmp_path):
    boxes = tmp_path / 'boxes.json'
    boxes.write_text('[]')
    with pytest.raises(ValueError, match='boxes are for images'):
        run(video, tmp_path, boxes=boxes)
    for options in (dict(frames=3), dict(show=True)):
        with pytest.raises(ValueError, match='for videos'):
            run(folder, tmp_path / 'out', **options)
    with pytest.raises(FileNotFoundError, match='none.jpg not found'):
        run(tmp_path / 'none.jpg', tmp_path)
    with pytest.raises(FileNotFoundError, match='none.mp4 not found'):
        run(tmp_path / 'none.mp4', tmp_path)


def test_a_window_needs_a_screen(video, tmp_path, monkeypatch):

    def fail(*_):
        raise cv2.error('no screen')

    monkeypatch.setattr('cv2.imshow', fail)
    with pytest.raises(ValueError, match='leave out --show'):
        run(video, tmp_path / 'out', show=True)


def test_q_in_the_window_ends_a_video(video, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr('cv2.imshow', lambda _, image: shown.append(image))
    monkeypatch.setattr('cv2.waitKey', lambda _: ord('q') if len(shown) == 3 else -1)
    assert run(video, tmp_path / 'out', show=True).done == 3
    assert shown[0].shape == (240, 320, 3)


def test_an_onnx_file_has_its_weights():
    with pytest.raises(ValueError, match='expected no checkpoint'):
        ModelChoice('a.onnx', 'b.pth').open()


def test_an_onnx_file_is_for_onnxruntime(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.onnx'):
        ModelChoice(str(tmp_path / 'no.onnx')).open()


def test_torch_is_not_needed():
    run_python(
        '-c',
        'import sys; sys.modules.update(torch=None, onnxruntime=None)\n'
        'import mmpose_face.commands.landmark, mmpose_face.inference.tracking',
    )


def tool(*args, check=True):
    return run_script(TOOL, *args, check=check)


def test_errors_of_the_tool(tmp_path):
    for args, message in (
        ((tmp_path / 'no.jpg', '--model', 'nothing'), "no model 'nothing'"),
        ((tmp_path / 'no.jpg', '--batch-size', 0), 'must be at least 1'),
        ((0, '--model', tmp_path / 'x.py'), 'x.py not found'),
    ):
        done = tool(*args, check=False)
        assert done.returncode and message in done.stdout
        assert 'Traceback' not in done.stdout


def test_help_of_the_tool():
    out = tool('--help').stdout
    assert '--no-smooth' in out and '--detect-every' in out


def test_real_video(face_data, tmp_path):
    """A person talks for three seconds."""
    if DEFAULT_MODEL not in list_models(pretrained=True):
        pytest.skip(f'{DEFAULT_MODEL} has no weights')
    out = tool(face_data / 'video/talking_face.mp4', '--frames', 72, '--out', tmp_path).stdout
    assert '72 frames in ' in out and '72 faces' in out
    found = rows(tmp_path / 'talking_face.csv')
    assert [int(row['frame']) for row in found] == list(range(72))
    assert {row['track_id'] for row in found} == {'0'}
    for row in found:
        # The head hardly moves in this video of 360x288 pixels.
        x, y = float(row['nose_base_x']), float(row['nose_base_y'])
        assert 170 < x < 230 and 130 < y < 200
    with Video(tmp_path / 'talking_face.mp4') as drawn:
        assert len(list(drawn)) == 72
