# SPDX-License-Identifier: Apache-2.0
"""Small releases in the real formats: MATLAB 7.3 and MATLAB 5."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import h5py
import numpy as np
from scipy.io import savemat

# MATLAB's own header precedes the HDF5.
HEADER = (
    b'MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jul  1 '
    b'12:00:00 2013 HDF5 schema 1.00 .'
).ljust(124) + b'\x00\x02IM'


def write_mat73(
    path: Path, numbers: dict[str, np.ndarray], cells: dict[str, Sequence[np.ndarray]]
) -> None:
    """Write a file as MATLAB's ``save -v7.3`` does: all axes reversed, cells
    as references into ``#refs#``.

    Args:
        path (Path): The file.
        numbers (dict[str, np.ndarray]): Matrices.
        cells (dict[str, Sequence[np.ndarray]]): Columns of cells.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w', userblock_size=512) as file:
        for name, matrix in numbers.items():
            _add(file, name, matrix)
        for name, arrays in cells.items():
            group = file.require_group('#refs#')
            references = [_add(group, f'{name}{i}', array).ref for i, array in enumerate(arrays)]
            column = np.array([references], dtype=h5py.ref_dtype)
            file[name] = column.reshape(1, -1)
            file[name].attrs['MATLAB_class'] = np.bytes_('cell')
    with open(path, 'r+b') as file:
        file.write(HEADER)


def _add(group: h5py.Group, name: str, array: np.ndarray) -> h5py.Dataset:
    matrix = np.asarray(array).T
    dataset = group.create_dataset(
        name, data=matrix, compression='gzip' if matrix.size > 1000 else None
    )
    dataset.attrs['MATLAB_class'] = np.bytes_(
        'double' if matrix.dtype == float else matrix.dtype.name
    )
    return dataset


def pictures(number: int, grey: Sequence[int] = ()) -> list:
    """Random RGB images, some of them grey without a third axis."""
    rng = np.random.default_rng(number)
    images = [
        rng.integers(0, 255, (60 + i % 9, 80 - i % 9, 3), dtype=np.uint8) for i in range(number)
    ]
    return [im[..., 0] if i in grey else im for i, im in enumerate(images)]


def phis(number: int) -> np.ndarray:
    """Rows of COFW: 29 x, 29 y, 29 times occluded or not."""
    rng = np.random.default_rng(number)
    points = rng.uniform(10, 50, (number, 58)).round(4)
    return np.hstack([points, rng.integers(0, 2, (number, 29))])


def write_cofw(path: Path, suffix: str, number: int, **variables) -> dict:
    """Write a file of COFW with made-up faces; returns its variables, in
    MATLAB's order of the axes.

    Args:
        path (Path): The file.
        suffix (str): ``'Tr'`` for training, ``'T'`` for the test.
        number (int): Number of faces.
        variables: Replacements of the made-up ``Is``, ``phis`` and
            ``bboxes``; None leaves one out.
    """
    content = {
        'Is': pictures(number, grey=[1]),
        'phis': phis(number),
        'bboxes': np.tile([8.0, 9.0, 40.0, 45.0], (number, 1)),
        **variables,
    }
    content = {f'{name}{suffix}': value for name, value in content.items() if value is not None}
    cells = {k: v for k, v in content.items() if isinstance(v, list)}
    write_mat73(path, {k: v for k, v in content.items() if k not in cells}, cells)
    return content


def write_cofw68(root: Path, number: int) -> np.ndarray:
    """Write the annotations of COFW68 for made-up faces, the occlusion
    of every second one as a row; returns the points."""
    rng = np.random.default_rng(68)
    points = rng.uniform(10, 50, (number, 68, 2)).round(4)
    folder = root / 'COFW68_Data/test_annotations'
    folder.mkdir(parents=True)
    for i, face in enumerate(points, start=1):
        write_points68(folder / f'{i}_points.mat', face, (i + 1) % 2)
    boxes = np.tile([5.0, 6.0, 44.0, 46.0], (number, 1))
    savemat(folder.parent / 'cofw68_test_bboxes.mat', {'bboxes': boxes})
    return points


def write_points68(path: Path, points: np.ndarray, as_row: bool = False):
    """Write a face of COFW68; its first three points are occluded."""
    occ = (np.arange(68) < 3).astype(np.uint8)
    savemat(path, {'Points': points, 'Occ': occ[None] if as_row else occ[:, None]})


def aflw_rows(number: int) -> dict:
    """The variables of ``AFLWinfo_release.mat`` for made-up faces, two in each
    image, in reverse order."""
    rng = np.random.default_rng(19)
    mask = np.ones((number, 19), np.uint8)
    mask[::3, 4] = 0
    return {
        'nameList': [f'{i % 2 * 2}/image{i // 2:05d}.jpg' for i in range(number)],
        'bbox': np.tile([10.0, 50.0, 12.0, 52.0], (number, 1)),
        'data': rng.uniform(10, 50, (number, 38)).round(4),
        'mask_new': mask,
        'ra': np.arange(number, 0, -1, dtype=float)[None],
    }


def write_aflw(root: Path, rows: dict, images: bool = True) -> Path:
    """Write an AFLW release; returns ``root``."""
    flickr = root / 'data/flickr'
    flickr.mkdir(parents=True, exist_ok=True)
    for name in set(rows['nameList']) if images else ():
        (flickr / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(flickr / name), np.zeros((60, 80, 3), np.uint8))
    columns = {
        name: _column_of_cells(value) if isinstance(value, list) else value
        for name, value in rows.items()
    }
    savemat(root / 'AFLWinfo_release.mat', columns, do_compression=True)
    return root


def _column_of_cells(values: list) -> np.ndarray:
    column = np.empty((len(values), 1), object)
    column[:, 0] = values
    return column


def record_log(monkeypatch) -> list:
    """The list that the converters' log messages are appended to."""
    said = []
    for module in ('release', 'cofw68'):
        monkeypatch.setattr(
            f'mmpose_face.datasets.converters.{module}.print_log',
            lambda text, logger: said.append(text),
        )
    return said
