# SPDX-License-Identifier: Apache-2.0
"""Subsets from the files that hold the faces of one subset each."""
import json
import logging
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np
from mmengine.logging import print_log

_SAME = 0.01  # pixels between the points of a face in two files


class SubsetFiles:
    """Joins the faces of an annotation file with those of its subsets' files.

    MMPose's annotation files say the subsets of a face nowhere, but for each
    column of the table there is a file with its faces. A face is the same
    when the image has the same name and no coordinate differs by more than
    0.01 pixel; ids may differ.

    Args:
        ann_file (str): The annotation file; the others are looked for in its
            folder, when the first face is asked for.
        names (dict[str, str]): From subset to the name of its file.
    """

    def __init__(self, ann_file: str, names: Dict[str, str]) -> None:
        self.ann_file = Path(ann_file)
        self.names = names
        # From image to subset and points of its faces.
        self._faces: Optional[Dict[str, List[Tuple[str, np.ndarray]]]] = None
        self._missing: List[str] = []
        # From subset to the number of faces that were not asked for.
        self._unused: Dict[str, int] = {}

    def of_face(self, file_name: str, ann: dict) -> Tuple[str, ...]:
        """Subsets of a face.

        Args:
            file_name (str): Its image, relative to the image folder.
            ann (dict): Its annotation in the file.

        Returns:
            tuple[str]: Those whose files hold the face.

        Raises:
            ValueError: If a file is no annotation file.
        """
        if self._faces is None:
            self._read()
        points = _points(ann)
        found = []
        for subset, others in self._faces.get(file_name, ()):
            if np.abs(points - others).max() <= _SAME:
                found.append(subset)
                self._unused[subset] -= 1
        return tuple(found)

    def report(self) -> None:
        """Say to the log which files are missing or do not fit."""
        if self._missing:
            print_log(
                f'{self.ann_file} does not say the subsets of its faces, and '
                f'beside it there is no {", ".join(self._missing)}: these '
                'columns of the table will be empty', 'current',
                logging.WARNING)
        for subset, number in self._unused.items():
            if number:
                print_log(
                    f'{number} faces of {self.names[subset]} are not in '
                    f'{self.ann_file}', 'current', logging.WARNING)

    def _read(self) -> None:
        self._faces = {}
        for subset, name in self.names.items():
            path = self.ann_file.parent / name
            if path.exists():
                faces = _read_faces(path)
                self._unused[subset] = len(faces)
                for image, points in faces:
                    self._faces.setdefault(image, []).append((subset, points))
            else:
                self._missing.append(name)


def _read_faces(path: Path) -> List[Tuple[str, np.ndarray]]:
    try:
        content = json.loads(path.read_bytes())
        images = {i['id']: i['file_name'] for i in content['images']}
        return [(images[a['image_id']], _points(a))
                for a in content['annotations']]
    except (AttributeError, KeyError, RecursionError, TypeError,
            ValueError) as error:
        raise ValueError(
            f'{path} is not an annotation file: {error!r}') from error


def _points(ann: dict) -> np.ndarray:
    return np.reshape(ann['keypoints'], (-1, 3))[:, :2]
