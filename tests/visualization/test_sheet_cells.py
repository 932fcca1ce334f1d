# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmpose_face.visualization.sheet_cells import crop_face


@pytest.mark.parametrize('size', [60, 150, 410])
def test_points_stay_on_the_picture(size):
    """A blob is where the points say, at any scale."""
    at = np.array([408.3, 391.7])
    rows, columns = np.mgrid[:800, :800]
    blob = np.exp(-((columns - at[0]) ** 2 + (rows - at[1]) ** 2) / (2 * (size / 20) ** 2))
    image = np.repeat((255 * blob).astype(np.uint8)[..., None], 3, 2)
    box = np.array([[400.0, 400], [400 + size, 400 + size]]) - size / 2
    cell, scale, shift = crop_face(image, box, 192)
    weight = cell[..., 0].astype(float)
    y, x = np.mgrid[:192, :192]
    found = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    np.testing.assert_allclose(found, at * scale + shift, atol=0.1)
