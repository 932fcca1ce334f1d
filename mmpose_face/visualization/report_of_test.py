# SPDX-License-Identifier: Apache-2.0
"""The report of a test run, written from its runner."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.runner import Runner

from ..datasets.transforms import LoadFaceImage
from ..evaluation import SubsetNME
from ..files import PathLike
from .report import write_report_folder


def report_test(runner: Runner, metric: SubsetNME, folder: PathLike) -> None:
    """Write the report of a test that has just ended, with its pictures.

    Args:
        runner (Runner): The runner of the test.
        metric (SubsetNME): Its metric; in the main process only.
        folder (str | PathLike): Folder to write to; see
            :func:`~mmpose_face.visualization.write_report_folder`.

    Raises:
        FileNotFoundError: If an image is missing.
        ValueError: If a file is truncated or not an image.
    """
    dataset = runner.test_dataloader.dataset
    name = Path(runner.cfg.filename or 'model').stem
    path = write_report_folder(
        folder,
        {name: metric.scores},
        metric.subsets,
        metric.threshold,
        protocol=metric.protocol,
        unit=metric.unit,
        title=f'Face landmarks on {dataset.metainfo["dataset_name"]}',
        when=time.strftime('%Y-%m-%d %H:%M'),
        config_text=runner.cfg.pretty_text,
        load_image=DatasetImages(dataset),
        bootstrap=metric.bootstrap or 1000,
    )
    print_log(f'The report is {path}', 'current')


class DatasetImages:
    """The images of a data set by file name; synthetic faces are rendered.

    Args:
        dataset (BaseDataset): One of our data sets or MMPose's, or several in one
            (``ConcatDataset``, ``CombinedDataset``).
    """

    def __init__(self, dataset: BaseDataset) -> None:
        self._places: dict[str, tuple[BaseDataset, int]] = {
            path: (part, i) for part, i, path in _all_paths(dataset)
        }

    def __call__(self, file: str) -> np.ndarray:
        """The image of a file.

        Args:
            file (str): ``img_path`` of a face.

        Returns:
            np.ndarray: BGR ``(H, W, 3)`` of uint8.

        Raises:
            FileNotFoundError: If the data set has no such file, or the file
                is missing.
            ValueError: If the file is truncated or not an image.
        """
        if file not in self._places:
            raise FileNotFoundError(f'the data set has no image {file}')
        part, i = self._places[file]
        return LoadFaceImage()(part.get_data_info(i))['img']


def _all_paths(dataset: BaseDataset) -> Iterator[tuple[BaseDataset, int, str]]:
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from _all_paths(part)
        return
    for i in range(len(dataset)):
        # Of the base class, since our data sets may render the face.
        info = BaseDataset.get_data_info(dataset, i)
        yield dataset, i, info['img_path']
