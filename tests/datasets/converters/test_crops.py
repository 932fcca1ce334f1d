# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from benchmark_files import RAW, make_benchmark
from mmpose.datasets.transforms import GetBBoxCenterScale
from photographs import photograph, write_jpeg

from mmpose_face.datasets import LoadFaceImage, NormalBBoxTransform, WarpFace, open_benchmark
from mmpose_face.datasets.annotations import FaceRecord
from mmpose_face.datasets.converters import cut_faces
from mmpose_face.datasets.converters.release import write_parts
from mmpose_face.engine.seeding import seed_from

TRAIN, TEST, POSE = (f'face_landmarks_wflw_{name}.json' for name in ('train', 'test', 'test_pose'))
WIDTH, HEIGHT = 900, 700


def record(name, center, side=60):
    points = np.random.default_rng(len(name)).uniform(-0.5, 0.5, (98, 2))
    return FaceRecord(name, (WIDTH, HEIGHT), np.round(center + side * points, 2), ('test',))


@pytest.fixture
def data(tmp_path):
    """In WFLW's layout: four faces on two images, two of them at a border."""
    root = tmp_path / 'data'
    (root / 'images/a').mkdir(parents=True)
    for seed, name in enumerate(('a/0.jpg', 'a/1.jpg')):
        write_jpeg(root / 'images' / name, photograph(WIDTH, HEIGHT, seed))
    test = [record('a/0.jpg', (10, 300)), record('a/1.jpg', (880, 680), 120)]
    train = [record('a/0.jpg', (450, 350)), record('a/0.jpg', (600, 200), 90)]
    parts = {TRAIN: train, TEST: test, POSE: test[1:]}
    write_parts(root, parts, dict(converter='mmpose_face wflw'))
    return root


def grey(image):
    """Without colour, of which JPEG keeps a quarter of the pixels."""
    return image.mean(2)


def faces(root, part, name='wflw'):
    opened = open_benchmark(name, root, part)
    return [opened.get_data_info(i) for i in range(len(opened))]


@pytest.mark.parametrize('name', RAW)
@pytest.mark.parametrize('part', ['train', 'test'])
def test_the_faces_of_each_benchmark(name, part, tmp_path):
    make_benchmark(name, tmp_path)
    cut_faces(tmp_path / name, tmp_path / 'out', margin=1.0)
    whole, cut = faces(tmp_path / name, part, name), faces(tmp_path / 'out', part, name)
    assert len(whole) == len(cut) >= 2
    for old, new in zip(whole, cut):
        for key in ('id', 'subsets', 'box_size', 'occluded', 'bbox_scale', 'keypoints_visible'):
            np.testing.assert_array_equal(new.get(key), old.get(key))
        # Moved by whole pixels.
        moved = np.rint(old['bbox'] - new['bbox'])[0, :2]
        np.testing.assert_allclose(new['bbox'][0] + [*moved, *moved], old['bbox'][0], atol=1e-4)
        np.testing.assert_allclose(new['keypoints'] + moved, old['keypoints'], atol=1e-4)


def test_the_pixels(data, tmp_path):
    """As the rows of STAR crop them, which reach out most."""
    cut_faces(data, tmp_path / 'out', quality=100)
    augmented = NormalBBoxTransform(0.05, 18.0, 0.1)
    for part in 'train', 'test':
        for pair in zip(faces(data, part), faces(tmp_path / 'out', part)):
            for seed in range(50):
                crops = []
                for sample in pair:
                    seed_from(seed)
                    for step in (
                        LoadFaceImage(),
                        GetBBoxCenterScale(),
                        augmented,
                        WarpFace((64, 64)),
                    ):
                        sample = step(dict(sample))
                    crops.append(grey(sample['img']))
                # What JPEG changes.
                assert np.abs(crops[0] - crops[1]).mean() < 1
                assert crops[0].std() > 10


def test_the_margin(data, tmp_path):
    """A face of 60 pixels at (450, 350), its box on whole pixels."""
    cut_faces(data, tmp_path / 'out', margin=2.0, quality=100)
    image = cv2.imread(faces(tmp_path / 'out', 'train')[0]['img_path'])
    height, width = image.shape[:2]
    assert 120 <= min(height, width) <= max(height, width) <= 128
    (found,) = (tmp_path / 'out/images/a').glob('0.jpg_3*')
    left, top, right, bottom = map(int, found.stem.split('_')[1:])
    whole = cv2.imread(str(data / 'images/a/0.jpg'))
    parts = (whole[top + i : bottom + i, left:right] for i in (0, 1))
    here, below = (np.abs(grey(image) - grey(part)).mean() for part in parts)
    assert here < 1 < 2 < below


def test_the_default_margin_is_enough_for_the_rows(data, tmp_path):
    """The pipeline pads boxes by 1.25. Those of STAR are then moved by four
    deviations of 0.05, and enlarged by four of 0.1 before they are turned;
    MMPose's are moved by 0.16 and enlarged by 1.25."""
    cut_faces(data, tmp_path / 'out')
    face = faces(tmp_path / 'out', 'train')[0]
    height, width = cv2.imread(face['img_path']).shape[:2]
    star = 1.25 * ((1 + 4 * 0.1) * 2**0.5 + 2 * 4 * 0.05)
    mmpose = 1.25 * (1.25 * 2**0.5 + 2 * 0.16)
    for reach in star, mmpose:
        low = face['bbox_center'] - reach / 2 * face['bbox_scale']
        high = face['bbox_center'] + reach / 2 * face['bbox_scale']
        assert (low >= 0).all() and (high <= [width, height]).all()


def test_faces_are_written_once(data, tmp_path):
    """Subsets have the same faces as the test."""
    counts = cut_faces(data, tmp_path / 'out')
    assert counts == {TRAIN: 2, TEST: 2, POSE: 1}
    assert len(list((tmp_path / 'out').rglob('*.jpg'))) == 4


def test_a_face_outside_of_its_image(data, tmp_path):
    write_parts(
        data, {TRAIN: [record('a/0.jpg', (-500, 9000))]}, dict(converter='mmpose_face wflw')
    )
    cut_faces(data, tmp_path / 'out')
    path = faces(tmp_path / 'out', 'train')[0]['img_path']
    assert cv2.imread(path).shape == (1, 1, 3)


@pytest.mark.parametrize('margin', [0.9, float('nan'), float('inf')])
def test_no_margin(tmp_path, margin):
    with pytest.raises(ValueError, match='margin must be finite and at least 1'):
        cut_faces(tmp_path, tmp_path / 'out', margin)


@pytest.mark.parametrize('quality', [0, 101])
def test_no_quality(tmp_path, quality):
    with pytest.raises(ValueError, match='quality must be 1 to 100'):
        cut_faces(tmp_path, tmp_path / 'out', quality=quality)


def test_what_cannot_be_cut(data, tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(FileNotFoundError, match='annotations has no annotation file'):
        cut_faces(tmp_path, out)
    with pytest.raises(ValueError, match='data has annotations already: choose'):
        cut_faces(data, data)
    other = data / 'annotations/other.json'
    for content in '', '[]', '{"info": {}}', '{"info": {"converter": "others"}}':
        other.write_text(content)
        with pytest.raises(ValueError, match='other.json: expected annotation files that'):
            cut_faces(data, out)
    other.unlink()
    (data / 'images/a/1.jpg').unlink()
    with pytest.raises(FileNotFoundError, match='image .*1.jpg not found'):
        cut_faces(data, out)
    assert not (out / 'annotations').exists()
