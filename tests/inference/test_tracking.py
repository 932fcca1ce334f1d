# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from square_faces import SIDE, landmarker, picture

from mmpose_face.images.boxes import iou
from mmpose_face.inference.tracking import FaceTracker, matches
from mmpose_face.inference.videos import Video, video_file


@pytest.fixture
def tracker():
    return FaceTracker(landmarker(), smooth=False)


def numbers(faces) -> list:
    return sorted(face.track_id for face in faces)


def middles(faces) -> dict:
    return {f.track_id: f.keypoints.mean(0) for f in faces}


def show(tracker, *centers, **options):
    return tracker(picture(*centers, **options), channels='bgr')


def test_faces_are_followed_and_keep_their_numbers(tracker):
    for i in range(65):
        way = (60 + 2 * i, 60), (250 - 2 * i, 160)
        found = middles(show(tracker, *way))
        assert len(found) == 2
        first = {n: way[np.abs(found[n] - way).sum(1).argmin()] for n in found}
        if not i:
            numbers_of = {c[1]: n for n, c in first.items()}
        for number, center in first.items():
            # The side has an odd number of pixels.
            assert np.abs(found[number] - center).max() <= 1
            assert numbers_of[center[1]] == number
    assert sorted(numbers_of.values()) == [0, 1]


def test_the_detector_is_asked_rarely(tracker):
    for i in range(65):
        show(tracker, (60 + i, 60))
    assert tracker.detections == tracker.landmarker.detector.asked == 3
    # All faces of a frame in one batch.
    network = tracker.landmarker.network
    network.batches.clear()
    for i in range(10):
        show(tracker, (125 + i, 60))
    assert network.batches == [1] * 10


def test_all_faces_of_a_frame_are_one_batch(tracker):
    centers = (50, 50), (150, 60), (250, 170)
    show(tracker, *centers)
    tracker.landmarker.network.batches.clear()
    for _ in range(4):
        assert numbers(show(tracker, *centers)) == [0, 1, 2]
    assert tracker.landmarker.network.batches == [3] * 4


def test_a_lost_face_is_looked_for_at_once_and_dropped(tracker):
    show(tracker, (60, 60), (200, 60))
    asked = tracker.detections
    assert len(show(tracker, (60, 60))) == 1
    assert tracker.detections == asked + 1
    looks = []
    for frame in range(1, 21):
        before = tracker.detections
        assert len(show(tracker, (60, 60))) == 1
        looks += [frame] * (tracker.detections - before)
    assert looks == [5, 10]
    # Forgotten after 15 frames, it is not looked for any more.
    asked = tracker.detections
    for _ in range(8):
        show(tracker, (60, 60))
    assert tracker.detections == asked


@pytest.mark.parametrize('away,same', [(3, True), (14, True), (40, False)])
def test_number_of_a_face_that_comes_back(tracker, away, same):
    number = show(tracker, (60, 60))[0].track_id
    for _ in range(away):
        assert show(tracker) == []
    back = show(tracker, (62, 60))
    assert (numbers(back) == [number]) is same


def test_new_faces_have_new_numbers(tracker):
    tracker.detect_every = 5
    assert numbers(show(tracker, (60, 60))) == [0]
    for _ in range(4):
        assert numbers(show(tracker, (60, 60), (200, 100))) == [0]
    assert numbers(show(tracker, (60, 60), (200, 100))) == [0, 1]


def test_faces_that_converge_are_one(tracker):
    for x in range(200, 105, -3):
        found = show(tracker, (60, 60), (x, 60))
        assert sorted(numbers(found)) == [0, 1]
        tracker.landmarker.detector.blind = True
    # One goes behind the other.
    for x in range(104, 60, -4):
        found = show(tracker, (60, 60), (x, 60))
    assert numbers(found) == [0]
    assert numbers(show(tracker, (60, 60))) == [0]


def test_a_face_in_the_place_of_a_lost_one_stays(tracker):
    tracker.landmarker.network.score = 0.9
    assert numbers(show(tracker, (60, 60), (180, 60))) == [0, 1]
    (moving,) = show(tracker, (180, 60))
    tracker.landmarker.detector.blind = True
    for x in range(170, 59, -10):
        found = show(tracker, (x, 60))
    assert numbers(found) == [moving.track_id]


def test_no_second_face_where_the_detector_sees_two(tracker):
    tracker.landmarker.detector.more = [(45, 45, 85, 85), (30, 30, 90, 90)]
    assert numbers(show(tracker, (60, 60))) == [0]
    tracker.detect_every = 1
    for _ in range(5):
        assert numbers(show(tracker, (60, 60))) == [0]


def test_larger_faces_come_first(tracker):
    image = picture((60, 60))
    image[120:180, 200:260] = 255
    for frame in (image, np.ascontiguousarray(image[:, ::-1])):
        sides = [np.ptp(face.keypoints[:, 0]) for face in tracker(frame, channels='bgr')]
        assert sides == pytest.approx([59, 40], abs=1)


@pytest.mark.parametrize(
    'middle, side, score, same',
    [
        ((1, 1), 4, 0.3, True),
        ((319, 239), 4, 0.3, True),
        ((-1, 100), 40, 1, False),
        ((321, 100), 40, 1, False),
        ((100, -1), 40, 1, False),
        ((100, 241), 40, 1, False),
        ((100, 100), 3.9, 1, False),
        ((100, 100), 40, 0.29, False),
    ],
)
def test_what_is_a_face(tracker, middle, side, score, same):
    """Its middle lies in the image of 320 x 240, its side has 4 pixels."""
    show(tracker)
    points = np.array(middle) + side / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    assert tracker._is_face(points, np.full(4, score)) is same


def test_what_has_no_points_is_no_face(tracker):
    tracker.landmarker.detector.more = [(200, 100, 240, 140)]
    assert numbers(show(tracker, (60, 60))) == [0]


def test_no_faces(tracker):
    for _ in range(3):
        found = show(tracker)
        assert found == [] and found.size == (320, 240)
    assert tracker.detections == 3


def test_a_face_that_leaves_the_image(tracker):
    for x in range(60, -30, -4):
        found = show(tracker, (x, 100))
        tracker.landmarker.detector.blind = True
    assert found == []


def test_points_that_are_no_numbers_are_no_face(tracker):
    show(tracker, (60, 60))
    network = tracker.landmarker.network
    found = network(np.zeros((1, 80, 80, 3), np.uint8))
    tracker.landmarker.network = lambda crops: (found[0] * np.nan, found[1])
    for name in ('scheme', 'input_size', 'padding'):
        setattr(tracker.landmarker.network, name, getattr(network, name))
    assert show(tracker, (60, 60)) == []


def test_a_network_without_scores_relies_on_the_detector(tracker):
    tracker.landmarker.network.none = 1.0
    tracker.detect_every = 4
    show(tracker, (60, 60), (200, 60))
    present = [len(show(tracker, (60, 60))) for _ in range(14)]
    # Missed in frames 4 and 8, by the second look in a row for the last time.
    assert present == [2] * 8 + [1] * 6


def test_another_size_begins_anew(tracker):
    assert numbers(show(tracker, (60, 60))) == [0]
    asked = tracker.detections
    found = show(tracker, (60, 60), size=(200, 150))
    assert numbers(found) == [1] and found.size == (200, 150)
    assert tracker.detections == asked + 1


def test_time(tracker):
    image = picture((60, 60))
    tracker(image, 0.0, 'bgr')
    tracker(image, 0.5, 'bgr')
    tracker(image, channels='bgr')  # 1 / 25 s later
    for time in (0.5, 0.54):
        with pytest.raises(ValueError, match='time must grow'):
            tracker(image, time, 'bgr')
    tracker.reset()
    assert numbers(tracker(image, 0.0, 'bgr')) == [1]


def test_video_of_a_file(tracker, tmp_path):
    with video_file(tmp_path / 'a.mp4', 10) as file:
        for i in range(5):
            file.write(picture((60 + 5 * i, 60)))
    for source in (tmp_path / 'a.mp4', Video(tmp_path / 'a.mp4')):
        found = list(tracker.video(source))
        assert [frame.time for frame, _ in found] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
        x = [faces[0].keypoints[:, 0].mean() for _, faces in found]
        assert x == pytest.approx([60, 65, 70, 75, 80], abs=1)
        assert len({faces[0].track_id for _, faces in found}) == 1
        assert found[0][1].draw().shape == (240, 320, 3)


def test_array_without_the_order_of_its_channels(tracker):
    with pytest.raises(ValueError, match="channels='bgr'"):
        tracker(picture((60, 60)))


def test_smoothing_is_on_by_default_and_rests_on_time():
    rng = np.random.default_rng(0)
    way = [(60 + rng.integers(2), 60) for _ in range(40)]
    path = {}
    for name, options in dict(off=dict(smooth=False), on={}, slow=dict(fps=1.0)).items():
        tracker = FaceTracker(landmarker(), **options)
        path[name] = np.array([show(tracker, c)[0].keypoints[0] for c in way])
    moved = {k: np.abs(np.diff(v[:, 0])).mean() for k, v in path.items()}
    assert moved['on'] < 0.75 * moved['off']
    assert moved['on'] < moved['slow'] < moved['off'] * 1.001


def test_fields_of_a_face(tracker):
    (face,) = show(tracker, (60, 60))
    assert face.box_score == 0.9
    low, high = face.keypoints.min(0), face.keypoints.max(0)
    assert face.box.tolist() == [*low, *high]
    assert face.scores.tolist() == [1] * 4
    assert abs((high - low) - SIDE).max() <= 1


@pytest.mark.parametrize(
    'options',
    [dict(detect_every=0), dict(patience=-1), dict(fps=0), dict(min_score=2), dict(min_iou=0)],
)
def test_settings_out_of_range(options):
    with pytest.raises(ValueError, match='expected'):
        FaceTracker(landmarker(), **options)


def test_settings_at_the_ends_of_their_ranges():
    tracker = FaceTracker(landmarker(), detect_every=1, patience=0, min_score=0, min_iou=1)
    assert numbers(show(tracker, (60, 60))) == [0]
    FaceTracker(landmarker(), min_score=1, min_iou=0.01)


boxes = st.lists(st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(21, 40)] * 2), max_size=5).map(
    lambda b: np.array(b, float).reshape(-1, 4)
)


def test_boxes_that_overlap_by_the_least_are_each_others():
    box = np.array([[0.0, 0, 10, 10]])
    assert matches(box, box, 1.0) == [(0, 0)]


@given(boxes, boxes, st.floats(0.05, 1))
def test_matches(a, b, least):
    found = matches(a, b, least)
    overlap = iou(a, b)
    firsts, seconds = (list(x) for x in zip(*found)) if found else ([], [])
    assert len(set(firsts)) == len(firsts)
    assert len(set(seconds)) == len(seconds)
    assert all(overlap[i, j] >= least for i, j in found)
    # What is left could not have been matched.
    left = np.delete(np.delete(overlap, firsts, 0), seconds, 1)
    assert not (left >= least).any()
