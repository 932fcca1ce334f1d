# SPDX-License-Identifier: Apache-2.0
"""Small COCO-WholeBody releases in the real format."""

import json
from pathlib import Path

import cv2
import numpy as np

FILE = 'coco_wholebody_{}_v1.0.json'


def person(number: int, image=1, **kwargs) -> dict:
    """An annotation with a valid face."""
    points = np.random.default_rng(number or 0).uniform(10, 60, (68, 3))
    points[:, 2] = 1
    return {
        **dict(
            id=number,
            image_id=image,
            category_id=1,
            iscrowd=0,
            bbox=[0, 0, 9, 9],
            keypoints=[0] * 51,
            face_box=[10, 10, 50, 50],
            face_kpts=points.ravel().tolist(),
            face_valid=True,
        ),
        **kwargs,
    }


def without(number: int, indices: list, value=0.0) -> dict:
    """A person with some face points that are not labelled."""
    points = np.reshape(person(number)['face_kpts'], (68, 3))
    points[indices] = value
    return person(number, face_kpts=points.ravel().tolist())


def make_release(root: Path, **parts: list) -> Path:
    """A COCO-WholeBody release of two images; ``parts`` are the persons by part."""
    (root / 'annotations').mkdir(parents=True)
    for part, persons in parts.items():
        images = [dict(id=i, file_name=f'{i:012}.jpg', width=80, height=70) for i in (1, 2)]
        (root / f'{part}2017').mkdir()
        for image in images:
            cv2.imwrite(
                str(root / f'{part}2017' / image['file_name']), np.full((70, 80, 3), 90, np.uint8)
            )
        (root / 'annotations' / FILE.format(part)).write_text(
            json.dumps(
                dict(images=images, annotations=persons, categories=[dict(id=1, name='person')])
            )
        )
    return root
