# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from mmpose_face.inference.faces import Face, Faces
from mmpose_face.landmarks import GROUP_COLORS, IBUG68, WFLW98, Curve, Scheme, scheme_of_metainfo

rng = np.random.default_rng(0)
POINTS = rng.uniform(20, 100, (98, 2)).astype(np.float32)
SCORES = rng.uniform(0.4, 1, 98).astype(np.float32)


def face(**change) -> Face:
    said = dict(box=np.array([10.0, 20, 110, 120]), keypoints=POINTS, scores=SCORES, scheme=WFLW98)
    return Face(**{**said, **change})


class TestParts:
    def test_a_point_has_two_numbers(self):
        np.testing.assert_array_equal(face()['chin'], POINTS[16])
        np.testing.assert_array_equal(face()['left_pupil'], POINTS[96])

    @pytest.mark.parametrize(
        'part,indices',
        [
            ('eyes', range(60, 76)),
            ('pupils', (96, 97)),
            ('jaw', range(33)),
            ('left_eye', range(60, 68)),
            ('right_brow', range(42, 51)),
            ('nose_bridge', range(51, 55)),
            ('left_jaw', range(16)),
        ],
    )
    def test_a_part(self, part, indices):
        np.testing.assert_array_equal(face()[part], POINTS[list(indices)])

    def test_a_part_of_one_point_is_still_a_part(self):
        dot = Scheme('dot', (Curve('jaw', ('chin',)),), None)
        one = face(keypoints=POINTS[:1], scores=SCORES[:1], scheme=dot)
        assert one['jaw'].shape == (1, 2) and one['chin'].shape == (2,)

    def test_a_side(self):
        """16 of the jaw, 9 of the brow, 8 of the eye and the pupil, 2 of the
        nose, 8 of the lips."""
        assert len(face()['left']) == len(face()['right']) == 44

    @pytest.mark.parametrize('part', ['ear', 'left_ey', '', 'Eyes'])
    def test_no_such_part(self, part):
        with pytest.raises(ValueError, match=f'wflw98 has no part {part!r}'):
            face()[part]


class TestSchemes:
    def test_by_the_exact_map(self):
        chosen = [
            *range(0, 33, 2),
            *range(33, 38),
            *range(42, 47),
            *range(51, 60),
            60,
            61,
            63,
            64,
            65,
            67,
            68,
            69,
            71,
            72,
            73,
            75,
            *range(76, 96),
        ]
        for name in ('ibug68', IBUG68):
            found = face(track_id=3, box_score=0.5).to(name)
            np.testing.assert_array_equal(found.keypoints, POINTS[chosen])
            np.testing.assert_array_equal(found.scores, SCORES[chosen])
            assert found.scheme is IBUG68
            assert (found.track_id, found.box_score) == (3, 0.5)

    def test_to_itself(self):
        np.testing.assert_array_equal(face().to('wflw98').keypoints, POINTS)

    def test_no_exact_map(self):
        with pytest.raises(ValueError, match='no exact map from wflw98 to co'):
            face().to('cofw29')
        with pytest.raises(ValueError, match='no exact map from ibug68 to wf'):
            face().to('ibug68').to('wflw98')
        with pytest.raises(ValueError, match="unknown landmark scheme '68'"):
            face().to('68')


def test_the_score_is_the_mean_of_the_points():
    assert face(scores=np.linspace(0, 1, 98)).score == pytest.approx(0.5)


def test_as_a_dictionary():
    said = face(keypoints=POINTS + 1e-3, box_score=0.87654321, track_id=4).to_dict()
    assert said['scheme'] == 'wflw98' and said['track_id'] == 4
    assert said['box'] == [10, 20, 110, 120] and said['box_score'] == 0.8765
    assert 'track_id' not in face().to_dict()
    exact = face(
        box=np.full(4, 1.23456),
        keypoints=POINTS.astype(float) + 0.123456,
        scores=SCORES * 0 + 0.98765432,
    ).to_dict()
    assert exact['box'] == [1.23] * 4 and exact['score'] == 0.9877
    assert exact['keypoints'][0][2] == 0.9877
    assert exact['keypoints'][0][0] == round(float(POINTS[0, 0]) + 0.123456, 4)
    assert Face(np.zeros(4), POINTS, SCORES, WFLW98).box_score == 1
    found = np.array(said['keypoints'])
    np.testing.assert_allclose(found[:, :2], POINTS + 1e-3, atol=6e-5)
    np.testing.assert_allclose(found[:, 2], SCORES, atol=6e-5)
    assert said['score'] == pytest.approx(SCORES.mean(), abs=6e-5)


def test_json_is_read_as_it_was_written(tmp_path):
    faces = Faces([face(), face(track_id=1)], 'a/group.jpg', size=(640, 480))
    text = faces.to_json(tmp_path / 'faces.json')
    said = json.loads(text)
    assert said == faces.to_dict()
    assert said == json.loads((tmp_path / 'faces.json').read_text())
    assert said['image'] == 'a/group.jpg' and said['size'] == [640, 480]
    assert [f.get('track_id') for f in said['faces']] == [None, 1]
    assert [p.name for p in tmp_path.iterdir()] == ['faces.json']


def test_no_faces_are_a_list_too(tmp_path):
    faces = Faces([], 'empty.png', (5, 4))
    assert faces == [] and not faces
    assert json.loads(faces.to_json()) == dict(image='empty.png', size=[5, 4], faces=[])
    assert Faces().to_dict() == dict(image='', size=None, faces=[])


IMAGE = np.full((140, 130, 3), (90, 120, 60), np.uint8)


class TestDrawing:
    def test_from_a_file_and_an_array(self, tmp_path):
        path = tmp_path / 'in.png'
        cv2.imwrite(str(path), IMAGE)
        bgr = Faces([face()], IMAGE, channels='bgr').draw()
        assert bgr.shape == IMAGE.shape and (bgr != IMAGE).any()
        for image, channels in (
            (path, None),
            (str(path), None),
            (path.read_bytes(), None),
            (np.ascontiguousarray(IMAGE[..., ::-1]), 'rgb'),
        ):
            drawn = Faces([face()], image, channels=channels).draw()
            np.testing.assert_array_equal(drawn, bgr)

    def test_a_file_is_written(self, tmp_path):
        drawn = Faces([face()], IMAGE, channels='bgr').draw(tmp_path / 'o.png')
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'o.png')), drawn)
        assert [p.name for p in tmp_path.iterdir()] == ['o.png']

    def test_colours_and_hollow_points(self):
        """A pupil drawn alone, sure and unsure."""
        dot = Scheme('dot', (Curve('nose', ('nose_tip',)),), None)
        for score, hollow in ((0.9, False), (0.3, False), (0.29, True)):
            one = face(keypoints=np.array([[60.0, 70]]), scores=np.array([score]), scheme=dot)
            drawn = Faces([one], IMAGE, channels='bgr').draw()
            color = IMAGE[0, 0] if hollow else GROUP_COLORS['nose']
            np.testing.assert_allclose(drawn[70, 60], color, atol=20)
        sure = Faces([one], IMAGE, channels='bgr').draw(low_score=0.1)
        np.testing.assert_allclose(sure[70, 60], GROUP_COLORS['nose'], atol=20)

    def test_faces_of_two_schemes(self):
        both = Faces([face(), face().to('ibug68')], IMAGE, channels='bgr')
        first = Faces(both[:1], IMAGE, channels='bgr').draw()
        np.testing.assert_array_equal(both.draw(), Faces(both[1:], first, channels='bgr').draw())

    def test_boxes_with_score_and_number(self):
        image = np.zeros((240, 300, 3), np.uint8)
        box = np.array([150.0, 150, 250, 230])
        one = face(box=box, scores=np.full(98, 0.5), track_id=12)

        def added(faces):
            plain = Faces(faces, image, channels='bgr').draw()
            boxed = Faces(faces, image, channels='bgr').draw(boxes=True)
            return (boxed != plain).any(2)

        assert added([one])[150:231, 150].mean() > 0.9  # its left side
        above = added([one])[:147, 140:]
        assert above.any()
        assert above.sum() > added([face(box=box, scores=one.scores)])[:147, 140:].sum() > 0

    def test_what_is_drawn_on_is_not_altered(self):
        image = IMAGE.copy()
        for faces in ([], [face()]):
            drawn = Faces(faces, image, channels='bgr').draw(boxes=True)
            drawn[:] = 0
            np.testing.assert_array_equal(image, IMAGE)

    def test_an_image_without_a_face(self):
        drawn = Faces([], IMAGE, channels='bgr').draw(boxes=True)
        np.testing.assert_array_equal(drawn, IMAGE)

    @pytest.mark.parametrize('shift', [-60, -1000, 1e6])
    def test_a_face_partly_or_wholly_outside(self, shift):
        away = face(keypoints=POINTS + shift, box=np.array([10.0, 20, 110, 120]) + shift)
        drawn = Faces([away], IMAGE, channels='bgr').draw(boxes=True)
        assert drawn.shape == IMAGE.shape
        assert (drawn != IMAGE).any() == (shift == -60)

    def test_an_image_of_one_pixel(self):
        image = np.zeros((1, 1, 3), np.uint8)
        assert Faces([face()], image, channels='bgr').draw().shape == (1, 1, 3)

    def test_what_cannot_be_drawn(self, tmp_path):
        with pytest.raises(ValueError, match='have no image to be drawn on'):
            Faces([face()]).draw()
        with pytest.raises(FileNotFoundError, match='gone.png not found'):
            Faces([face()], tmp_path / 'gone.png').draw()
        with pytest.raises(ValueError, match="say channels='bgr'"):
            Faces([face()], IMAGE).draw()
        with pytest.raises(ValueError, match="no image format ends in '.txt'"):
            Faces([], IMAGE, channels='bgr').draw(tmp_path / 'a.txt')
        assert not list(tmp_path.iterdir())


def test_a_scheme_of_an_unknown_data_set():
    meta = dict(
        dataset_name='pets',
        keypoint_id2name={0: 'left_ear', 1: 'right_ear', 2: 'nose'},
        skeleton_links=[(0, 1)],
    )
    pet = face(keypoints=POINTS[:3], scores=SCORES[:3], scheme=scheme_of_metainfo(meta))
    assert pet['left_ear'].shape == (2,) and pet['face'].shape == (3, 2)
    drawn = Faces([pet], IMAGE, channels='bgr').draw()
    assert (drawn != IMAGE).any() and pet.to_dict()['scheme'] == 'pets'
