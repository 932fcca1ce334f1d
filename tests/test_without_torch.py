# SPDX-License-Identifier: Apache-2.0
"""The floor of NumPy and OpenCV stands on its own."""

import subprocess
import sys

from conftest import REPO

# What an environment without torch also lacks, or may lack.
MISSING = (
    'torch',
    'torchvision',
    'mmengine',
    'mmcv',
    'mmdet',
    'mmpose',
    'PIL',
    'matplotlib',
    'rich',
    'scipy',
    'onnxruntime',
)
SCRIPT = f"""
import sys
sys.modules.update(dict.fromkeys({MISSING!r}))
import importlib.util
import numpy as np
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: (
    None if name in {MISSING!r} else find(name, *more))
import mmpose_face
from mmpose_face.inference.detectors import WholeImage
from mmpose_face.inference.landmarking import Landmarker
from mmpose_face.inference.tracking import FaceTracker
from mmpose_face.landmarks import IBUG68, WFLW98

class Network:
    scheme, input_size, padding = WFLW98, (64, 64), 1.25
    def __call__(self, crops):
        # A ring about the middle of the crop.
        turns = np.arange(98) / 98 * 2 * np.pi
        ring = 31.5 + 20 * np.stack((np.cos(turns), np.sin(turns)), 1)
        return (np.tile(ring.astype(np.float32), (len(crops), 1, 1)),
                np.ones((len(crops), 98), np.float32))

image = np.zeros((100, 200, 3), np.uint8)
landmarker = Landmarker(Network(), WholeImage())
faces = landmarker(image, channels='bgr')
face = faces[0].to('ibug68')
# Crops are 250 pixels wide, each of the 64 is 3.9.
assert np.allclose(faces[0].keypoints.mean(0), (97.5, 47.5), atol=.1)
assert np.isclose(np.ptp(faces[0].keypoints[:, 0]), 40 * 250 / 64, atol=.2)
assert face.keypoints.shape == (68, 2)
assert faces.draw().shape == image.shape
assert len(faces.to_json()) > 1000
assert FaceTracker(landmarker)(image, 0., 'bgr')[0].track_id is not None
print('done')
"""


def test_landmarks_without_torch():
    done = subprocess.run([sys.executable, '-c', SCRIPT], cwd=REPO, capture_output=True, text=True)
    assert done.stdout == 'done\n', done.stderr
