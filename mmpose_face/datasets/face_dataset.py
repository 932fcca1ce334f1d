# SPDX-License-Identifier: Apache-2.0
"""What our data sets have more than MMPose's."""
from typing import List, Optional, Tuple

from mmengine import fileio


class FaceDataset:
    """Faces that know their subsets; stands before a data set of MMPose.

    A sample has ``subsets``, the names of the benchmark's subsets that the
    face belongs to, where the annotation file or the image's name says them.
    :class:`~mmpose_face.datasets.PackFaceInputs` hands them to
    :class:`~mmpose_face.evaluation.SubsetNME`.

    Raises:
        FileNotFoundError: If the annotation file is not there.

    Examples:
        >>> class Face300W(FaceDataset, Face300WDataset):
        ...     ...
    """

    # Where annotation files come from; {out} is the folder of the data.
    SOURCE: str

    def load_data_list(self) -> List[dict]:
        if not fileio.exists(self.ann_file):
            source = self.SOURCE.format(out=self.data_root or 'data')
            raise FileNotFoundError(
                f'annotation file {self.ann_file} not found under '
                f'data_root={self.data_root!r}; {source}')
        return super().load_data_list()

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        info = super().parse_data_info(raw_data_info)
        if info is not None:
            subsets = raw_data_info['raw_ann_info'].get('subsets')
            if subsets is None:
                file_name = raw_data_info['raw_img_info']['file_name']
                subsets = self.subsets_of_file(file_name)
            if subsets is not None:
                info['subsets'] = tuple(subsets)
        return info

    def subsets_of_file(self, file_name: str) -> Optional[Tuple[str, ...]]:
        """Subsets of a face in an annotation file that does not say them,
        such as those that MMPose offers.

        Args:
            file_name (str): Image, relative to the image folder.

        Returns:
            tuple[str] | None: None where the name does not tell them.
        """
        return None
