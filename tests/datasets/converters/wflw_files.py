# SPDX-License-Identifier: Apache-2.0
"""Small WFLW releases in the real format."""

from pathlib import Path

import cv2
import numpy as np

LISTS = 'WFLW_annotations/list_98pt_rect_attr_train_test'


def line(image='0--Parade/a.jpg', seed=0, rect=(10, 12, 90, 80), flags='000000', **fields) -> str:
    """A line of a list; ``field_N`` replaces the N-th field, from 1."""
    points = np.random.default_rng(seed).uniform((12, 10), (88, 70), (98, 2))
    values = [f'{value:.6f}' for value in points.ravel()]
    values += [*map(str, rect), *flags, image]
    for name, value in fields.items():
        values[int(name.split('_')[1]) - 1] = value
    return ' '.join(values)


def make_release(root: Path, train=(), test=(), size=(112, 96)) -> Path:
    """A WFLW release with these lines and an image for each."""
    (root / LISTS).mkdir(parents=True)
    for part, lines in (('train', train), ('test', test)):
        if lines:
            path = root / LISTS / f'list_98pt_rect_attr_{part}.txt'
            path.write_text('\n'.join(lines) + '\n')
    for text in (*train, *test):
        path = root / 'WFLW_images' / text.split()[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((*size[::-1], 3), 90, np.uint8))
    return root
