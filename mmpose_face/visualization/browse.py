# SPDX-License-Identifier: Apache-2.0
"""Contact sheets of a data set's faces with all their annotations."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
from mmengine.dataset import BaseDataset

from ..datasets.transforms import LoadFaceImage
from ..images.writing import write_image
from ..landmarks import Scheme, scheme_of_dataset
from .drawing import contact_sheet, draw_landmarks
from .sheet_cells import crop_face, write_text

# The sheet of a data set without subsets.
ALL = 'all'

_BOX = (0, 255, 255)  # BGR


def browse_dataset(
    dataset: BaseDataset,
    out_dir: str | os.PathLike[str],
    faces: int = 24,
    columns: int = 6,
    side: int = 192,
    seed: int = 0,
    name: str | None = None,
) -> list[Path]:
    """Write a sheet of faces for each subset of a data set.

    A cell shows a face with its box, yellow, its points and lines, and its
    index in the data set. Occluded points are red rings; points without a
    label are not drawn. Faces without subsets are on one sheet, ``all``.

    Args:
        dataset (BaseDataset): One of our data sets; its pipeline is not used.
        out_dir (str | PathLike): Folder to write to; created if missing.
        faces (int): Most faces of a sheet, chosen at random.
        columns (int): Faces in a row.
        side (int): Width and height of a cell in pixels.
        seed (int): Seed of the choice.
        name (str, optional): Prefix of the file names. Defaults to the name
            of the data set.

    Returns:
        list[Path]: The files, ``NAME_SUBSET.png``.

    Raises:
        FileNotFoundError: If an image is missing.
        ValueError: If a file is truncated or not an image, the scheme of the
            points is unknown, or a number is not positive.
    """
    if min(faces, columns, side) < 1:
        raise ValueError(
            'expected positive numbers of faces, columns and '
            f'pixels, got {faces}, {columns} and {side}'
        )
    meta = dataset.metainfo
    scheme = scheme_of_dataset(meta)
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = []
    for subset, members in _members(dataset).items():
        cells = [_cell(dataset, i, scheme, side) for i in _choose(members, faces, seed)]
        file_name = _file_name(name or meta['dataset_name'], subset)
        write_image(out_dir / file_name, contact_sheet(cells, columns))
        paths.append(out_dir / file_name)
    return paths


def _members(dataset: BaseDataset) -> dict[str, list[int]]:
    """From the name of each subset to the indices of its faces."""
    members: dict[str, list[int]] = {}
    for i in range(len(dataset)):
        for subset in dataset.get_data_info(i).get('subsets', ()):
            members.setdefault(subset, []).append(i)
    return members or {ALL: list(range(len(dataset)))}


def _choose(members: list[int], number: int, seed: int) -> list[int]:
    """At most ``number`` of the indices, at random, sorted."""
    rng = np.random.default_rng(seed)
    return sorted(rng.permutation(members)[:number].tolist())


def _file_name(name: str, subset: str) -> str:
    """A file name in this folder for any name of a subset."""
    return re.sub(r'[^\w.-]+', '-', f'{name}_{subset}') + '.png'


def _cell(dataset: BaseDataset, index: int, scheme: Scheme, side: int) -> np.ndarray:
    """The picture of a face ``(side, side, 3)`` with its annotations."""
    info = LoadFaceImage()(dataset.get_data_info(index))
    box = np.reshape(info['bbox'], (2, 2)).astype(np.float64)
    cell, scale, shift = crop_face(info['img'], box, side)
    low, high = np.rint(box * scale + shift).astype(int).tolist()
    cv2.rectangle(cell, low, high, _BOX)
    # COCO's files have points without a label at (0, 0).
    labelled = info['keypoints_visible'][0, :, None] > 0
    points = np.where(labelled, info['keypoints'][0], np.nan)
    occluded = info.get('occluded')
    cell = draw_landmarks(
        cell, points * scale + shift, scheme, None if occluded is None else occluded[0]
    )
    write_text(cell, str(index))
    return cell
