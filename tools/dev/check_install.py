# SPDX-License-Identifier: Apache-2.0
"""Does the installed package work here? Prints the versions of the stack.

python tools/dev/check_install.py
"""

import importlib.metadata
import platform
import tempfile
from pathlib import Path

import numpy as np
from mmengine.config import Config

import mmpose_face

CHILD = """
from mmengine.config import read_base

with read_base():
    from mmpose_face.configs.face_2d_keypoint.topdown_heatmap.wflw.{} import *

input_size = (192, 192)
""".format('td_hm_hrnetv2_w18_dark_8xb64_60e_wflw_256x256')


def check_model() -> None:
    """Build the 300W row from the installed configs and run it."""
    import torch
    from mmpose.apis import inference_topdown, init_model

    configs = Path(mmpose_face.__file__).parent / '.mim/configs'
    cfg = Config.fromfile(next(configs.rglob('td-hm_hrnetv2-w18*300w*.py')))
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = init_model(cfg, None, device='cpu')
    image = np.zeros((64, 64, 3), np.uint8)
    (pose,) = inference_topdown(model, image, np.array([[0.0, 0, 64, 64]]))
    if pose.pred_instances.keypoints.shape != (1, 68, 2):
        raise SystemExit('the model gave no 68 points')


def check_detector() -> None:
    """Run MMDetection's YOLOX face detector, untrained, nms included."""
    import mmpose
    from mmdet.apis import inference_detector, init_detector

    demo = Path(mmpose.__file__).parent / '.mim/demo/mmdetection_cfg'
    cfg = Config.fromfile(demo / 'yolox-s_8xb8-300e_coco-face.py')
    cfg.model.test_cfg.score_thr = 0.0
    detector = init_detector(cfg, None, device='cpu')
    found = inference_detector(detector, np.zeros((64, 64, 3), np.uint8))
    if not len(found.pred_instances):
        raise SystemExit('the detector gave no boxes')


def check_inheriting() -> None:
    """A config in a folder of its own changes the size of a row."""
    with tempfile.TemporaryDirectory(prefix='eigene Köpfe ') as folder:
        path = Path(folder, 'child.py')
        path.write_text(CHILD)
        cfg = Config.fromfile(path)
    sizes = cfg.model.head.decoder.input_size, cfg.codec.heatmap_size
    if sizes != ((192, 192), (48, 48)):
        raise SystemExit(f'the inherited row has the sizes {sizes}')


def versions() -> str:
    names = (
        'torch',
        'torchvision',
        'numpy',
        'opencv-python',
        'mmcv-lite',
        'mmcv',
        'mmdet',
        'setuptools',
    )
    found = [f'Python {platform.python_version()}']
    for name in names:
        try:
            found.append(f'{name} {importlib.metadata.version(name)}')
        except importlib.metadata.PackageNotFoundError:
            pass
    return ', '.join(found)


if __name__ == '__main__':
    check_model()
    check_inheriting()
    check_detector()
    print(versions())
