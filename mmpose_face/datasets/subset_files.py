# SPDX-License-Identifier: Apache-2.0
"""Subset names from files that list the faces of one subset each."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from .annotations import READER_ERRORS, AnnotationError

_TOLERANCE = 0.01  # pixels between the points of a face in two files

_Key = tuple[str, bytes]


class SubsetFiles:
    """Finds the subsets of faces in the files of the subsets.

    MMPose's annotation files do not have the subsets of a face, but for each
    subset there is a file with its faces. Two faces are the same if their
    images have the same name and no coordinate differs by more than 0.01
    pixel; ids may differ.

    Args:
        ann_file (str): The annotation file. The files of the subsets are read
            from its folder when the first face is looked up.
        names (dict[str, str]): From subset to the name of its file.
    """

    def __init__(self, ann_file: str, names: dict[str, str]) -> None:
        self.ann_file = Path(ann_file)
        self.names = names
        # From image to the subset and the points of each of its faces.
        self._faces: dict[str, list[tuple[str, np.ndarray]]] = {}
        self._is_read = False
        self._missing: list[str] = []
        # From subset to the faces of its file, and to those that were looked up.
        self._listed: dict[str, set[_Key]] = {}
        self._used: dict[str, set[_Key]] = {}

    def of_face(self, file_name: str, ann: dict) -> tuple[str, ...]:
        """The subsets whose files contain a face.

        Args:
            file_name (str): Its image, relative to the image folder.
            ann (dict): Its annotation in the file.

        Returns:
            tuple[str]: The subsets.

        Raises:
            ValueError: If a file is not an annotation file.
        """
        if not self.names:
            return ()
        if not self._is_read:
            self._read()
        points = _points(ann)
        found = []
        for subset, others in self._faces.get(file_name, ()):
            if points.shape != others.shape:
                raise AnnotationError(
                    f'{self.names[subset]} beside {self.ann_file} has faces '
                    f'of {len(others)} points, expected {len(points)}'
                )
            # A file may contain a face twice.
            if subset not in found and np.abs(points - others).max() <= _TOLERANCE:
                found.append(subset)
                self._used[subset].add((file_name, others.tobytes()))
        return tuple(found)

    def report(self) -> None:
        """Log which files are missing or have other faces."""
        if self._missing:
            print_log(
                f'{self.ann_file} does not say the subsets of its faces, and '
                f'beside it there is no {", ".join(self._missing)}: these '
                'columns of the table will be empty',
                'current',
                logging.WARNING,
            )
        for subset, used in self._used.items():
            missing = self._listed[subset] - used
            if missing:
                print_log(
                    f'{len(missing)} faces of {self.names[subset]} are not in {self.ann_file}',
                    'current',
                    logging.WARNING,
                )

    def _read(self) -> None:
        self._is_read = True
        for subset, name in self.names.items():
            path = self.ann_file.parent / name
            if path.exists():
                faces = _read_faces(path)
                self._used[subset] = set()
                self._listed[subset] = {(image, points.tobytes()) for image, points in faces}
                for image, points in faces:
                    self._faces.setdefault(image, []).append((subset, points))
            else:
                self._missing.append(name)


def _read_faces(path: Path) -> list[tuple[str, np.ndarray]]:
    try:
        content = json.loads(path.read_bytes())
        images = {i['id']: i['file_name'] for i in content['images']}
        return [(str(images[a['image_id']]), _points(a)) for a in content['annotations']]
    except READER_ERRORS as error:
        raise AnnotationError(f'{path} is not an annotation file: {error!r}') from error


def _points(ann: dict) -> np.ndarray:
    return np.reshape(np.array(ann['keypoints'], np.float64), (-1, 3))[:, :2]
