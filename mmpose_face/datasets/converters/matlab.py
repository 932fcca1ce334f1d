# SPDX-License-Identifier: Apache-2.0
"""MATLAB's files: of version 5, as ``save`` writes by default, and of version
7.3, which are HDF5 with the axes reversed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..annotations import MAX_COORDINATE

if TYPE_CHECKING:
    import h5py

_HDF5 = b'\x89HDF'
# In a MATLAB file, 512 bytes precede the HDF5.
_HDF5_STARTS = (0, 512)


def read_mat5(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read variables of a MATLAB 5 file.

    Args:
        path (Path): The file.
        names (Sequence[str]): The variables that it must have.

    Returns:
        dict[str, np.ndarray]: From name to content, cells as objects.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, is another kind of file, or lacks
            a variable.
    """
    from scipy.io import loadmat

    with open(path, 'rb') as file:
        if _is_hdf5(file.read(_HDF5_STARTS[-1] + len(_HDF5))):
            raise ValueError(
                f'{path} is a MATLAB 7.3 file, expected version 5: save it again with "-v7"'
            )
        file.seek(0)
        with _damage_explained(path, 'no MATLAB 5 file, or damaged'):
            content = loadmat(file, variable_names=list(names))
    for name in names:
        if name not in content:
            raise ValueError(f'{path} has no variable {name}; expected {", ".join(names)}')
    return {name: content[name] for name in names}


def _is_hdf5(head: bytes) -> bool:
    return any(head.startswith(_HDF5, start) for start in _HDF5_STARTS)


@contextmanager
def open_mat73(path: Path) -> Iterator[h5py.File]:
    """Open a MATLAB 7.3 file.

    Args:
        path (Path): The file.

    Yields:
        h5py.File: The open file; closed at the end.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or another kind of file.
    """
    import h5py

    path.open('rb').close()  # names a missing file, unlike h5py
    with _damage_explained(path, 'no MATLAB 7.3 file, or damaged'):
        file = h5py.File(path, 'r')
    with file:
        yield file


def read_numbers(file: h5py.File, name: str, rows: int, columns: int) -> np.ndarray:
    """Read a matrix of a MATLAB 7.3 file.

    Args:
        file (h5py.File): The open file.
        name (str): The variable.
        rows (int): Expected number of rows.
        columns (int): Expected number of columns.

    Returns:
        np.ndarray: ``(rows, columns)`` finite numbers in float64.

    Raises:
        ValueError: If the variable is missing, damaged, not finite, or of
            another shape.
    """
    variable = _variable(file, name)
    with _damage_explained(file.filename, f'damaged in {name}'):
        matrix = variable[()].T
    return check_numbers(file.filename, name, matrix, rows, columns)


def read_cells(file: h5py.File, name: str) -> list[h5py.Dataset]:
    """The cells of a MATLAB 7.3 file's cell array, whose content is not read yet.

    Args:
        file (h5py.File): The open file.
        name (str): The variable, a row or a column of cells.

    Returns:
        list[h5py.Dataset]: A data set for each cell, with reversed axes.

    Raises:
        ValueError: If the variable is missing or is not a cell array.
    """
    import h5py

    variable = _variable(file, name)
    if variable.dtype != h5py.ref_dtype:
        raise ValueError(f'{file.filename}: {name} is {_shape_and_type(variable)}, expected cells')
    with _damage_explained(file.filename, f'damaged in {name}'):
        cells = [file[reference] for reference in variable[()].ravel()]
    for row, cell in enumerate(cells, start=1):
        if not isinstance(cell, h5py.Dataset):
            raise ValueError(f'{file.filename}: row {row} of {name} is a struct, expected an array')
    return cells


def read_cell(path: str, name: str, row: int, cell: h5py.Dataset) -> np.ndarray:
    """Read the content of a cell.

    Args:
        path (str): The file, for the message.
        name (str): The cell array, for the message.
        row (int): The number of the cell, for the message.
        cell (h5py.Dataset): The cell.

    Returns:
        np.ndarray: The content, with axes in MATLAB's order.

    Raises:
        ValueError: If the cell is damaged.
    """
    with _damage_explained(path, f'damaged in row {row} of {name}'):
        return cell[()].T


def check_numbers(
    path, name: str, values: np.ndarray, rows: int | None = None, columns: int | None = None
) -> np.ndarray:
    """Refuse anything but a matrix of finite numbers.

    Args:
        path (str | PathLike): The file, for the message.
        name (str): The variable, for the message.
        values (np.ndarray): Its content.
        rows (int, optional): Expected number of rows.
        columns (int, optional): Expected number of columns.

    Returns:
        np.ndarray: The numbers in float64.

    Raises:
        ValueError: If the content is anything else; the message names file,
            variable, row and what was expected.
    """
    expected = f'{rows or "N"} x {columns or "N"} numbers'
    if not isinstance(values, np.ndarray):
        raise ValueError(f'{path}: {name} is a sparse matrix, expected {expected} in full')
    good = (
        values.dtype.kind in 'biuf'
        and values.ndim == 2
        and all(want in (None, got) for want, got in zip((rows, columns), values.shape))
    )
    if not good:
        raise ValueError(f'{path}: {name} is {_shape_and_type(values)}, expected {expected}')
    values = values.astype(np.float64)
    # This also refuses infinity and NaN.
    refuse(path, name, ~(np.abs(values) < MAX_COORDINATE), values, 'finite numbers')
    return values


def check_flags(path, name: str, values: np.ndarray) -> np.ndarray:
    """Refuse numbers other than 0 and 1.

    Args:
        path (str | PathLike): The file, for the message.
        name (str): The variable, for the message.
        values (np.ndarray): Numbers ``(N, K)``.

    Returns:
        np.ndarray: ``(N, K)`` bool.

    Raises:
        ValueError: If there is another number.
    """
    refuse(path, name, ~np.isin(values, (0, 1)), values, '0 or 1')
    return values == 1


def refuse(path, name: str, bad: np.ndarray, values: np.ndarray, expected: str) -> None:
    """Refuse a matrix with bad values, naming the first row that has one.

    Args:
        path (str | PathLike): The file, for the message.
        name (str): The variable, for the message.
        bad (np.ndarray): Which values are bad, ``(N, K)`` bool.
        values (np.ndarray): The values ``(N, K)``.
        expected (str): What was expected instead.

    Raises:
        ValueError: If a value is bad.
    """
    for row in np.flatnonzero(bad.any(axis=1)):
        got = ', '.join(f'{value:g}' for value in values[row][bad[row]])
        raise ValueError(f'{path}: row {row + 1} of {name}: expected {expected}, got {got}')


def _variable(file: h5py.File, name: str) -> h5py.Dataset:
    import h5py

    with _damage_explained(file.filename, f'damaged in {name}'):
        variable = file.get(name)
    if not isinstance(variable, h5py.Dataset):
        raise ValueError(f'{file.filename} has no variable {name}')
    return variable


def _shape_and_type(values) -> str:
    shape = ' x '.join(map(str, values.shape)) or 'a single'
    what = {'O': 'cells', 'U': 'text', 'V': 'structs'}
    return f'{shape} {what.get(values.dtype.kind, values.dtype.name)}'


@contextmanager
def _damage_explained(path, what: str) -> Iterator[None]:
    """Turn the many kinds of errors of SciPy and h5py into a ``ValueError``."""
    try:
        yield
    except Exception as error:
        raise ValueError(f'{path} is {what}: {error}') from error
