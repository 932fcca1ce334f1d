# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from conftest import run_python
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_face.landmarks import WFLW98
from mmpose_face.synthesis import ATTRIBUTES, render_face

INDEX = WFLW98.index
N = 30


def faces(*attributes, seed=11, number=N, size=128):
    return [render_face(seed, i, size, attributes) for i in range(number)]


@pytest.fixture(scope='module')
def plain():
    return faces()


def same(a, b):
    return (
        np.array_equal(a.image, b.image)
        and np.array_equal(a.keypoints, b.keypoints)
        and np.array_equal(a.occluded, b.occluded)
        and a.attributes == b.attributes
    )


def test_a_face_depends_on_seed_and_index_alone():
    first = [render_face(3, i, 96) for i in range(8)]
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        again = [render_face(3, i, 96) for i in reversed(range(8))][::-1]
    finally:
        cv2.setNumThreads(before)
    assert all(map(same, first, again))
    pictures = {face.image.tobytes() for face in first}
    others = {render_face(4, i, 96).image.tobytes() for i in range(8)}
    assert len(pictures | others) == 16


def test_processes_and_their_threads_change_nothing():
    """What BLAS and NumPy give depends, in its last bits, on the number of
    threads and on where arrays lie."""
    script = (
        'import hashlib\n'
        'from mmpose_face.synthesis import render_face\n'
        'faces = [render_face(9, i, 96) for i in range(40)]\n'
        'data = [f.image.tobytes() + f.keypoints.tobytes() +'
        ' f.occluded.tobytes() for f in faces]\n'
        'print(hashlib.sha256(b"".join(data)).hexdigest())\n'
    )
    found = {
        run_python('-c', script, OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n).stdout.splitlines()[-1]
        for n in '124'
    }
    assert len(found) == 1 and len(found.pop()) == 64


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 10**6),
    st.sampled_from([33, 64, 100, 257, 500]),
    st.none() | st.sets(st.sampled_from(list(ATTRIBUTES))),
)
def test_every_face_is_complete(seed, index, size, attributes):
    face = render_face(seed, index, size, attributes)
    assert face.image.shape == (size, size, 3)
    assert face.image.dtype == np.uint8
    assert face.keypoints.shape == (98, 2) and face.occluded.shape == (98,)
    assert np.isfinite(face.keypoints).all()
    assert face.occluded.dtype == bool
    low, high = face.keypoints.min(0), face.keypoints.max(0)
    assert (low > -0.1 * size).all() and (high < 1.1 * size).all()
    assert 0.45 * size < (high - low).max() < 0.72 * size
    if attributes is not None:
        assert set(face.attributes) == attributes


def test_unknown_attribute():
    with pytest.raises(ValueError, match="unknown attribute .'hat'.*'pose'"):
        render_face(0, 0, attributes=['hat'])


@pytest.mark.parametrize(
    'arguments,message',
    [
        ((0, 0, 15), 'size must be from 16 to 2048 pixels, got 15'),
        ((0, 0, 4096), 'got 4096'),
        ((-1, 0), 'seed must not be negative, got -1'),
        ((0, -2), 'index must not be negative, got -2'),
    ],
)
def test_numbers_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        render_face(*arguments)


@pytest.mark.parametrize('size', [16, 2048])
def test_smallest_and_largest(size):
    assert render_face(0, 0, size, list(ATTRIBUTES)).image.shape[0] == size


def test_attributes_occur_as_often_as_said():
    found = [render_face(0, i, 32).attributes for i in range(600)]
    for name, p in ATTRIBUTES.items():
        share = np.mean([name in attributes for attributes in found])
        # Four standard deviations of the binomial distribution.
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / 600)


def yaw(face):
    """How far the nose is from the middle of the eyes, in eye distances."""
    p = face.keypoints
    left, right = (p[INDEX[f'{s}_eye_outer_corner']] for s in ('left', 'right'))
    nose = p[INDEX['nose_bridge_4']]
    across = right - left
    return abs((nose - (left + right) / 2) @ across / (across @ across))


def pitch(face):
    """From eyes to nose tip over eyes to chin, away from its usual value."""
    p = face.keypoints
    eyes = p[[INDEX['left_pupil'], INDEX['right_pupil']]].mean(0)
    nose, chin = p[INDEX['nose_bridge_4']], p[INDEX['chin']]
    return abs(np.linalg.norm(nose - eyes) / np.linalg.norm(chin - eyes) - 0.35)


def test_pose_turns_the_head(plain):

    def turn(face):
        return max(yaw(face) / 0.35, pitch(face) / 0.12)

    assert np.median([turn(f) for f in faces('pose')]) > 2 * np.median([turn(f) for f in plain])


def test_blur_takes_the_detail(plain):

    def detail(face):
        gray = cv2.cvtColor(face.image, cv2.COLOR_BGR2GRAY)
        x, y = face.keypoints.astype(int).clip(0, 127).T
        part = gray[y.min() : y.max(), x.min() : x.max()]
        return cv2.Laplacian(part, cv2.CV_64F).std() / max(part.std(), 1)

    assert np.median([detail(f) for f in faces('blur')]) < 0.6 * np.median(
        [detail(f) for f in plain]
    )


def test_occlusion_hides_points(plain):
    hidden = [f.occluded.sum() for f in faces('occlusion', number=60)]
    assert np.mean(np.array(hidden) >= 8) > 0.95
    assert np.mean(hidden) > 12 + np.mean([f.occluded.sum() for f in plain])


def light(face):
    """Mean and left-right difference of the cheeks' brightness."""
    gray = cv2.cvtColor(face.image, cv2.COLOR_BGR2GRAY).astype(float)
    p = face.keypoints
    sides = []
    for side in ('left', 'right'):
        x, y = (0.5 * p[INDEX[f'{side}_pupil']] + 0.5 * p[INDEX[f'{side}_mouth_corner']]).astype(
            int
        )
        sides.append(gray[y - 3 : y + 4, x - 3 : x + 4].mean())
    return np.mean(sides), abs(sides[0] - sides[1])


def test_illumination_is_uneven_or_far_from_usual(plain):
    usual = np.array([light(f) for f in plain])
    harsh = np.array([light(f) for f in faces('illumination')])
    middle, spread = usual[:, 0].mean(), usual[:, 0].std()
    odd = (np.abs(harsh[:, 0] - middle) > 1.5 * spread) | (
        harsh[:, 1] > np.quantile(usual[:, 1], 0.9)
    )
    assert odd.mean() > 0.6


def test_makeup_colors_the_lips(plain):

    def contrast(face):
        """Saturation of the lower lip above that of the chin."""
        hsv = cv2.cvtColor(face.image, cv2.COLOR_BGR2HSV).astype(float)
        p = face.keypoints
        lip = (p[INDEX['lower_lip_outer']] + p[INDEX['lower_lip_inner']]) / 2
        chin = 0.5 * p[INDEX['chin']] + 0.5 * p[INDEX['lower_lip_outer']]
        (x, y), (u, v) = lip.astype(int), chin.astype(int)
        return hsv[y, x, 1] - hsv[v, u, 1]

    assert np.median([contrast(f) for f in faces('makeup')]) > 30 + np.median(
        [contrast(f) for f in plain]
    )


def test_expression_moves_mouth_eyes_or_brows(plain):

    def shape(face):
        p = face.keypoints
        eyes = np.linalg.norm(
            p[INDEX['left_eye_outer_corner']] - p[INDEX['right_eye_outer_corner']]
        )
        pairs = [
            ('upper_lip_inner', 'lower_lip_inner'),
            ('left_mouth_corner', 'right_mouth_corner'),
            ('left_eye_upper_middle', 'left_eye_lower_middle'),
            ('right_eye_upper_middle', 'right_eye_lower_middle'),
            ('left_brow_upper_3', 'left_pupil'),
            ('right_brow_upper_1', 'left_brow_upper_1'),
        ]
        return np.array([np.linalg.norm(p[INDEX[a]] - p[INDEX[b]]) / eyes for a, b in pairs])

    usual = np.array([shape(f) for f in plain])
    strong = np.array([shape(f) for f in faces('expression')])
    z = np.abs(strong - usual.mean(0)) / usual.std(0)
    assert np.median(z.max(1)) > 2


def test_a_turned_head_hides_its_far_side():
    """Without things in front only the head itself hides points."""
    turned = [f for f in faces('pose', number=60) if yaw(f) > 0.3]
    assert len(turned) > 20
    far, near = [], []
    for face in turned:
        p = face.keypoints
        middle = p[[INDEX['left_eye_outer_corner'], INDEX['right_eye_outer_corner']]].mean(0)
        to_right = p[INDEX['nose_bridge_4']][0] > middle[0]
        sides = ('right', 'left') if to_right else ('left', 'right')
        for side, found in zip(sides, (far, near)):
            ids = [i for name, i in INDEX.items() if name.startswith(f'{side}_eye')]
            found.append(face.occluded[ids].mean())
    assert np.mean(far) > 0.1 and np.mean(near) < 0.02


def test_flags_are_the_same_at_all_sizes():
    """But for points on the edge of what hides them."""
    different = []
    for i in range(12):
        flags = [render_face(8, i, size, ['pose']).occluded for size in (160, 256, 600)]
        different += [(flags[1] != other).sum() for other in flags[::2]]
    assert max(different) <= 12 and np.mean(different) < 4


def test_nothing_hides_a_face_without_occlusion(plain):
    """But its own hair, spectacles and a turned head."""
    assert np.quantile([f.occluded.sum() for f in plain], 0.9) <= 20


def test_pupils_are_dark_and_between_the_lids(plain):
    ratios = []
    for face in plain:
        gray = cv2.cvtColor(face.image, cv2.COLOR_BGR2GRAY).astype(float)
        for side in ('left', 'right'):
            pupil = face.keypoints[INDEX[f'{side}_pupil']]
            if face.occluded[INDEX[f'{side}_pupil']]:
                continue
            x, y = np.rint(pupil).astype(int)
            around = gray[y - 6 : y + 7, x - 8 : x + 9]
            ratios.append(gray[y - 1 : y + 2, x - 1 : x + 2].min() / around.mean())
    assert np.median(ratios) < 0.6
