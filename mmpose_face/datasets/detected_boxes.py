# SPDX-License-Identifier: Apache-2.0
"""A detector's boxes matched to the faces of a data set."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..images.boxes import iou, landmark_bounds
from ..text import shortened


def match(truth: np.ndarray, detected: np.ndarray, min_iou: float) -> list[int]:
    """Match true boxes with detected ones, each at most once, so that the sum
    of the pairs' overlaps is largest.

    Args:
        truth (np.ndarray): ``(N, 4)``, left, top, right and bottom in pixels.
        detected (np.ndarray): ``(M, 4)``.
        min_iou (float): Least IoU of a pair, a ratio.

    Returns:
        list[int]: For each true box the index of its detected box, or -1.
    """
    # Here, because only a test with detected boxes needs SciPy.
    from scipy.optimize import linear_sum_assignment

    overlap = iou(truth, detected)
    overlap[overlap < min_iou] = 0
    given = [-1] * len(truth)
    for i, j in zip(*linear_sum_assignment(overlap, maximize=True)):
        if overlap[i, j] > 0:
            given[i] = int(j)
    return given


class DetectedBoxes:
    """The boxes of a face detector, for a test.

    Args:
        path (str): A JSON list, as MMDetection and COCO write results: for
            each box ``bbox`` (left, top, width and height in pixels),
            ``score``, and the image's ``file_name`` or ``image_id`` as in the
            annotation file. If there is a ``category_id``, only 1 is a face.
        min_iou (float): Least IoU with the box of a face's landmarks.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If an entry has another form; the message has its index in
            the list.
    """

    def __init__(self, path: str, min_iou: float) -> None:
        self.path = path
        self.min_iou = min_iou
        self._boxes: dict[str | int, list[list[float]]] = {}
        for number, entry in enumerate(_read_list(path)):
            image, box = _parse(path, number, entry)
            if entry.get('category_id', 1) == 1:
                self._boxes.setdefault(image, []).append(box)

    @property
    def by_id(self) -> bool:
        """Whether a box names its image by id."""
        return any(not isinstance(image, str) for image in self._boxes)

    def put_into(self, data_list: list[dict], ann_file: str) -> list[dict]:
        """Select the detected faces and add their boxes.

        Args:
            data_list (list[dict]): Samples of one annotation file with
                ``file_name``, ``img_id``, ``keypoints`` (1, K, 2) and
                ``keypoints_visible`` (1, K).
            ann_file (str): That file, for the log.

        Returns:
            list[dict]: Copies of the samples of detected faces, with
            ``detected_box`` (4,) and its ``bbox_score`` (1,).
        """
        by_image: dict[str, list[int]] = {}
        for i, info in enumerate(data_list):
            by_image.setdefault(info['file_name'], []).append(i)
        boxes = {}
        for indices in by_image.values():
            boxes.update(self._match_image(data_list, indices))
        found = [
            dict(data_list[i], detected_box=box[:4], bbox_score=box[4:].astype(np.float32))
            for i, box in sorted(boxes.items())
        ]
        self._report(data_list, boxes, ann_file)
        return found

    def _match_image(self, data_list: list[dict], indices: list[int]) -> dict[int, np.ndarray]:
        info = data_list[indices[0]]
        found = self._boxes.get(info['file_name'], self._boxes.get(info['img_id'], []))
        if not found:
            return {}
        boxes = np.array(found)
        truth = [_labelled_box(data_list[i]) for i in indices]
        given = match(np.array(truth), boxes[:, :4], self.min_iou)
        return {i: boxes[j] for i, j in zip(indices, given) if j >= 0}

    def _report(self, data_list: list[dict], boxes: dict[int, np.ndarray], ann_file: str) -> None:
        missed = [info['file_name'] for i, info in enumerate(data_list) if i not in boxes]
        share = 100 * len(boxes) / max(len(data_list), 1)
        text = (
            f'{ann_file}: {len(boxes)} of {len(data_list)} faces detected '
            f'({share:.1f} %) in {self.path}'
        )
        if missed:
            text += f'; the {len(missed)} others are left out ({shortened(missed)})'
        print_log(text, 'current', logging.WARNING if missed else logging.INFO)


def _labelled_box(info: dict) -> np.ndarray:
    return landmark_bounds(info['keypoints'][0, info['keypoints_visible'][0] > 0])


def _read_list(path: str) -> list:
    try:
        content = json.loads(Path(path).read_bytes())
    except (RecursionError, ValueError) as error:
        raise ValueError(f'{path} is not a JSON file: {error}') from None
    if not isinstance(content, list):
        raise ValueError(f'{path}: expected a list of boxes, got {type(content).__name__}')
    return content


def _parse(path: str, number: int, entry) -> tuple[str | int, list]:
    """The image of an entry, and its left, top, right, bottom and score."""
    try:
        image = entry.get('file_name', entry.get('image_id'))
        x, y, w, h = (float(value) for value in entry['bbox'])
        score = float(entry['score'])
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        image = None
    named = isinstance(image, (int, str))
    if not named or not np.isfinite([x, y, w, h, score]).all():
        raise ValueError(
            f'{path}: entry {number} is not a box: expected file_name or '
            f'image_id, bbox (left, top, width, height) and score, got '
            f'{str(entry)[:100]}'
        )
    return image, [x, y, x + w, y + h, score]
