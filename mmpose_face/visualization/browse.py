# SPDX-License-Identifier: Apache-2.0
"""Sheets that show the faces of a data set with all that is known of them."""
import os
import re
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

import cv2
import numpy as np
from torch.utils.data import Dataset

from ..datasets.image_files import write_png
from ..datasets.transforms import LoadFaceImage
from ..landmarks import Scheme, scheme_of
from .drawing import contact_sheet, draw_landmarks

# The sheet of a data set without subsets.
ALL = 'all'

_ROOM = 1.3  # side of a cell in sides of the face's box
_BOX = (0, 255, 255)  # BGR
_PAPER = (128, 128, 128)  # beyond the image


def browse_dataset(dataset: Dataset,
                   out_dir: Union[str, 'os.PathLike[str]'],
                   faces: int = 24,
                   columns: int = 6,
                   side: int = 192,
                   seed: int = 0,
                   name: Optional[str] = None) -> List[Path]:
    """Write a sheet of faces for each subset of a data set.

    A cell shows a face around its box, yellow, with its points and lines.
    Occluded points are red rings, points without a label are not drawn, and
    the number is the face's index in the data set. Where the faces have no
    subsets there is one sheet, ``all``.

    Args:
        dataset (Dataset): One of our data sets; its pipeline is not used.
        out_dir (str | PathLike): Where to write; it is made.
        faces (int): Faces of a sheet, chosen at random where a subset has
            more.
        columns (int): Faces in a row.
        side (int): Width and height of a cell in pixels.
        seed (int): Of the choice. Another one shows other faces.
        name (str, optional): How the names of the files begin. Defaults to
            the name of the data set.

    Returns:
        list[Path]: The files, ``NAME_SUBSET.png``.

    Raises:
        FileNotFoundError: If an image is missing.
        ValueError: If an image is truncated or none, the points are of no
            known scheme, or a number is not positive.
    """
    if min(faces, columns, side) < 1:
        raise ValueError('expected positive numbers of faces, columns and '
                         f'pixels, got {faces}, {columns} and {side}')
    meta = dataset.metainfo
    scheme = scheme_of(meta['keypoint_id2name'].values())
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = []
    for subset, members in _members(dataset).items():
        cells = [
            _cell(dataset, i, scheme, side)
            for i in _choose(members, faces, seed)
        ]
        file_name = _file_name(name or meta['dataset_name'], subset)
        write_png(out_dir / file_name, contact_sheet(cells, columns))
        paths.append(out_dir / file_name)
    return paths


def _members(dataset: Dataset) -> Dict[str, List[int]]:
    """From the name of each subset to the indices of its faces."""
    members: Dict[str, List[int]] = {}
    for i in range(len(dataset)):
        for subset in dataset.get_data_info(i).get('subsets', ()):
            members.setdefault(subset, []).append(i)
    return members or {ALL: list(range(len(dataset)))}


def _choose(members: List[int], number: int, seed: int) -> List[int]:
    """Some of the indices, sorted."""
    rng = np.random.default_rng(seed)
    return sorted(rng.permutation(members)[:number].tolist())


def _file_name(name: str, subset: str) -> str:
    """Whatever an annotation file calls a subset, no other folder's file."""
    return re.sub(r'[^\w.-]+', '-', f'{name}_{subset}') + '.png'


def _cell(dataset: Dataset, index: int, scheme: Scheme,
          side: int) -> np.ndarray:
    """A face ``(side, side, 3)``, drawn."""
    info = LoadFaceImage()(dataset.get_data_info(index))
    box = np.reshape(info['bbox'], (2, 2)).astype(np.float64)
    scale, shift = _view(box, side)
    cell = _warp(info['img'], scale, shift, side)
    low, high = np.rint(box * scale + shift).astype(int).tolist()
    cv2.rectangle(cell, low, high, _BOX)
    # A point without a label stands at (0, 0) in COCO's files.
    labelled = info['keypoints_visible'][0, :, None] > 0
    points = np.where(labelled, info['keypoints'][0], np.nan)
    occluded = info.get('occluded')
    cell = draw_landmarks(cell, points * scale + shift, scheme,
                          None if occluded is None else occluded[0])
    _write_number(cell, index)
    return cell


def _view(box: np.ndarray, side: int) -> Tuple[float, np.ndarray]:
    """Scale and shift ``(2,)`` that take pixels of the image to those of the
    cell, with the box ``(2, 2)``, two corners, in its middle."""
    size = max(1., np.ptp(box, axis=0).max())  # of a face that is a point
    scale = side / (_ROOM * size)
    return scale, (side - 1) / 2 - scale * box.mean(0)


def _warp(image: np.ndarray, scale: float, shift: np.ndarray,
          side: int) -> np.ndarray:
    if scale < 1:
        # By areas: warpAffine alone would leave pixels out.
        shape = np.array(image.shape[1::-1])
        small = np.maximum(1, np.rint(shape * scale)).astype(int)
        image = cv2.resize(image, small.tolist(), interpolation=cv2.INTER_AREA)
        # Rounding made another scale of it, for each axis.
        rest = scale * shape / small
        shift = shift + (rest - scale) / 2
        scale = rest
    matrix = np.column_stack([np.eye(2) * scale, shift])
    return cv2.warpAffine(image, matrix, (side, side), borderValue=_PAPER)


def _write_number(cell: np.ndarray, number: int) -> None:
    for color, thickness in ((0, 0, 0), 3), ((255, 255, 255), 1):
        cv2.putText(cell, str(number), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, .42,
                    color, thickness, cv2.LINE_AA)
