# SPDX-License-Identifier: Apache-2.0
from importlib.util import find_spec
from pathlib import Path

import mmpose
import numpy as np
import pytest
import torch
from conftest import REPO, run_python
from mmcv.ops import batched_nms, nms
from mmdet.apis import inference_detector, init_detector
from mmengine.config import Config

from mmpose_face.compat import mmcv_ext

IS_LITE = getattr(find_spec('mmcv._ext').loader, '__module__', '') == mmcv_ext.__name__
needs_lite = pytest.mark.skipif(not IS_LITE, reason='a compiled mmcv is installed')


def numpy_nms(boxes: np.ndarray, scores: np.ndarray, threshold: float, offset: int) -> list:
    """Greedy suppression, pair by pair."""
    kept = []
    for i in np.argsort(-scores, kind='stable'):
        if all(iou(boxes[i], boxes[j], offset) <= threshold for j in kept):
            kept.append(int(i))
    return kept


def iou(a: np.ndarray, b: np.ndarray, offset: int) -> float:

    def area(box):
        return max(0, box[2] - box[0] + offset) * max(0, box[3] - box[1] + offset)

    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    overlap = area(np.hstack([low, high]))
    return overlap / (area(a) + area(b) - overlap)


def random_boxes(seed: int, number: int = 60):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 60, (number, 2))
    boxes = np.hstack([corners, corners + rng.uniform(1, 40, (number, 2))])
    return boxes.astype(np.float32), rng.permutation(number) / number


@needs_lite
def test_the_fault_without_us():
    """When this passes without an error, the stand-in can go."""
    done = run_python('-c', 'import mmcv.ops', check=False)
    assert "No module named 'mmcv._ext'" in done.stdout


@pytest.mark.parametrize('first', ['mmpose_face', 'mmpose', 'mmengine'])
def test_what_imports_after_us(first):
    run_python(
        '-c', f'import {first}, mmpose_face\nimport mmpose.models, mmpose.apis, mmdet.models'
    )


def test_compiled_extension_wins(tmp_path):
    (tmp_path / '_ext.py').write_text(
        'compiled = True\n'
        'def __getattr__(operator):\n'
        '    if operator.startswith("__"): raise AttributeError\n'
        '    return print\n'
    )
    code = (
        f'import mmcv; mmcv.__path__.insert(0, {str(tmp_path)!r})\n'
        'import mmpose_face, mmcv._ext as ext\n'
        'assert ext.compiled is True\n'
        f'assert ext.__file__ == {str(tmp_path / "_ext.py")!r}\n'
    )
    run_python('-c', code)


@pytest.mark.parametrize(
    'imports',
    [
        'import mmpose_face, mmpose',
        'import mmengine, mmpose_face',
        'import mmpose_face.datasets; mmpose_face.datasets.FaceWFLW',
    ],
)
def test_missing_mmcv_says_what_to_do(imports):
    code = (
        'import importlib.util as u; find = u.find_spec\n'
        'u.find_spec = lambda n, *a: None if n == "mmcv" else find(n)\n'
        f'{imports}'
    )
    done = run_python('-c', code, check=False)
    assert done.returncode != 0
    assert 'pip install "mmcv-lite>=2.0.1,<2.2"' in done.stdout
    lite = (REPO / 'requirements/lite.txt').read_text().splitlines()[-1]
    assert f'pip install "{lite}"' in done.stdout
    # Without the bound openxlab comes along and sets setuptools back.
    assert (
        'pip install openmim "opendatalab<0.0.10" && mim install "mmcv>=2.0.1,<2.2"'
    ) in done.stdout


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.3, 0.5, 0.65])
def test_nms_equals_numpy(threshold, offset):
    for seed in range(5):
        boxes, scores = random_boxes(seed)
        _, kept = nms(
            torch.tensor(boxes), torch.tensor(scores, dtype=torch.float32), threshold, offset=offset
        )
        expected = numpy_nms(boxes, scores, threshold, offset)
        assert kept.tolist() == expected
        assert 1 < len(expected) < len(boxes)


def test_nms_by_hand():
    """Two boxes of 10 x 10 moved by 5 overlap by 50 / 150."""
    boxes = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [40, 0, 50, 10]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    assert nms(boxes, scores, 0.34)[1].tolist() == [0, 1, 2]
    assert nms(boxes, scores, 0.33)[1].tolist() == [0, 2]


def test_batched_nms_keeps_classes_apart():
    boxes, scores = random_boxes(7)
    classes = np.arange(len(boxes)) % 3
    _, kept = batched_nms(
        torch.tensor(boxes),
        torch.tensor(scores, dtype=torch.float32),
        torch.tensor(classes),
        dict(type='nms', iou_threshold=0.5),
    )
    expected = []
    for number in range(3):
        members = np.flatnonzero(classes == number)
        expected += members[numpy_nms(boxes[members], scores[members], 0.5, 0)].tolist()
    assert sorted(kept.tolist()) == sorted(expected)


@needs_lite
def test_other_operators_say_how_to_get_them():
    from mmcv.ops import soft_nms

    boxes, scores = random_boxes(0)
    with pytest.raises(NotImplementedError, match="(?s)'softnms'.*mim install"):
        soft_nms(torch.tensor(boxes), torch.tensor(scores).float(), 0.5)


def test_face_detector_builds_and_runs():
    """Its boxes are those that a NumPy suppression leaves."""
    detector = untrained_face_detector()
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)

    def detect(iou_threshold, score_thr):
        detector.bbox_head.test_cfg.nms.iou_threshold = iou_threshold
        detector.bbox_head.test_cfg.score_thr = score_thr
        found = inference_detector(detector, image).pred_instances
        return found.bboxes.numpy(), found.scores.numpy()

    _, scores = detect(iou_threshold=1.0, score_thr=0.0)
    score_thr = float(np.sort(scores)[-150])
    boxes, scores = detect(1.0, score_thr)
    kept = numpy_nms(boxes, scores, 0.65, offset=0)
    assert 1 < len(kept) < len(boxes)
    np.testing.assert_allclose(detect(0.65, score_thr)[0], boxes[kept])


def untrained_face_detector():
    demo = Path(mmpose.__file__).parent / '.mim/demo/mmdetection_cfg'
    cfg = Config.fromfile(demo / 'yolox-s_8xb8-300e_coco-face.py')
    torch.manual_seed(0)
    detector = init_detector(cfg, None, device='cpu')
    # Square boxes of 7.4 (e^2) strides, one stride apart.
    for layer in detector.bbox_head.multi_level_conv_reg:
        torch.nn.init.zeros_(layer.weight)
        layer.bias.data = torch.tensor([0.0, 0.0, 2.0, 2.0])
    return detector
