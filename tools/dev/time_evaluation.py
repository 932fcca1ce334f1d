# SPDX-License-Identifier: Apache-2.0
"""Time the whole table of WFLW beside MMPose's metric, which gives one number
for each run.

    OMP_NUM_THREADS=1 python tools/dev/time_evaluation.py
"""

import time
from typing import Callable

import numpy as np
import torch
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import NME

from mmpose_face.datasets import FaceWFLW
from mmpose_face.datasets.converters.wflw import EXPECTED
from mmpose_face.evaluation import SubsetNME
from mmpose_face.landmarks import WFLW98

ROUNDS, SAMPLES = 5, 1000
META = parse_pose_metainfo(FaceWFLW.METAINFO)
COLUMNS = [name for name in EXPECTED if name != 'train']


def make_samples() -> list[dict]:
    """2500 made-up faces in subsets of WFLW's sizes."""
    rng = np.random.default_rng(0)
    number = EXPECTED['test']
    members = {name: set(rng.permutation(number)[: EXPECTED[name]].tolist()) for name in COLUMNS}
    truth = rng.uniform(0, 100, (number, 1, 98, 2))
    truth[:, 0, list(WFLW98.normalizer_indices)] = (20, 30), (70, 40)
    predicted = truth + rng.normal(0, 2, truth.shape)
    return [
        dict(
            id=i,
            img_path=f'{i}.jpg',
            subsets=[name for name in COLUMNS if i in members[name]],
            gt_instances=dict(
                bboxes=np.array([[0.0, 0, 100, 100]]),
                keypoints=truth[i],
                keypoints_visible=np.ones((1, 98)),
            ),
            pred_instances=dict(keypoints=predicted[i]),
        )
        for i in range(number)
    ]


def ours(samples: list[dict], bootstrap: int) -> dict[str, float]:
    metric = SubsetNME(subsets=COLUMNS, bootstrap=bootstrap)
    metric.dataset_meta = META
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def theirs(samples: list[dict]) -> dict[str, float]:
    figures = {}
    for name in COLUMNS:
        part = [sample for sample in samples if name in sample['subsets']]
        metric = NME(norm_mode='keypoint_distance')
        metric.dataset_meta = META
        metric.process({}, part)
        figures[name] = 100 * metric.evaluate(len(part))['NME']
    return figures


def seconds(function: Callable, *args) -> float:
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def main() -> None:
    samples = make_samples()
    ways = {
        "MMPose's NME, 7 times": (theirs, samples),
        'SubsetNME': (ours, samples, 0),
        f'SubsetNME, {SAMPLES} bootstrap samples': (ours, samples, SAMPLES),
    }
    times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (function, *args) in ways.items():
            times[name].append(seconds(function, *args))
    print(
        f'2500 x 98 points, seven subsets; {torch.get_num_threads()} '
        f'threads, medians of {ROUNDS} rounds in turn'
    )
    medians = {name: float(np.median(t)) for name, t in times.items()}
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(f'  {name}: {median:.2f} s, ratio {median / first:.2f}')


if __name__ == '__main__':
    main()
