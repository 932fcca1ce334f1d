# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_face.inference.face_boxes import BoxMapping

numbers = st.floats(-100, 100)


def test_by_hand():
    """A box of 40 by 20: the longer side counts."""
    found = BoxMapping(right=0.1, down=0.25, scale=0.5)(np.array([[10.0, 100, 50, 120]]))
    # The middle (30, 110) goes 4 right and 10 down; the side is 20.
    np.testing.assert_allclose(found, [[24, 110, 44, 130]])


def test_nothing_to_map_is_a_square():
    np.testing.assert_allclose(BoxMapping()(np.array([[0.0, 0, 10, 20]])), [[-5, 0, 15, 20]])
    assert BoxMapping(0.1, 0.1, 2.0)(np.empty((0, 4))).shape == (0, 4)


@given(
    st.floats(-0.5, 0.5),
    st.floats(-0.5, 0.5),
    st.floats(0.2, 3),
    numbers,
    numbers,
    st.floats(1, 100),
)
def test_fit_finds_what_was_applied(right, down, scale, x, y, side):
    mapping = BoxMapping(right, down, scale)
    detected = np.array([[x, y, x + side, y + side]])
    detected = np.concatenate((detected, detected * 2))
    found = BoxMapping.fit(detected, mapping(detected))
    np.testing.assert_allclose(
        (found.right, found.down, found.scale), (right, down, scale), atol=1e-9
    )


def test_fit_is_not_moved_by_one_wrong_face():
    detected = np.tile([[0.0, 0, 10, 10]], (5, 1))
    truth = BoxMapping(0.1, 0.2, 0.8)(detected)
    truth[0] = 1000, 1000, 1100, 1100
    found = BoxMapping.fit(detected, truth)
    np.testing.assert_allclose((found.right, found.down, found.scale), (0.1, 0.2, 0.8))


def test_bad_input():
    with pytest.raises(ValueError, match='scale must be positive, got 0'):
        BoxMapping(scale=0.0)
    with pytest.raises(ValueError, match=r'got \(2, 4\) and \(3, 4\)'):
        BoxMapping.fit(np.zeros((2, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match='one or more boxes'):
        BoxMapping.fit(np.zeros((0, 4)), np.zeros((0, 4)))
