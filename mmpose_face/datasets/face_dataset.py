# SPDX-License-Identifier: Apache-2.0
"""What our data sets have more than MMPose's."""
from typing import List, Optional, Tuple

from mmengine import fileio


class FaceDataset:
    """Faces that know their subsets; stands before a data set of MMPose.

    Every sample has ``subsets``, the names of the benchmark's subsets that
    the face belongs to, as the converters write them.
    :class:`~mmpose_face.datasets.PackFaceInputs` hands them to
    :class:`~mmpose_face.evaluation.SubsetNME`.

    Raises:
        FileNotFoundError: If the annotation file is not there.

    Examples:
        >>> class Face300W(FaceDataset, Face300WDataset):
        ...     ...
    """

    # What tools/prepare_data.py makes the annotation files from.
    PREPARE: str

    def load_data_list(self) -> List[dict]:
        if not fileio.exists(self.ann_file):
            raise FileNotFoundError(
                f'annotation file {self.ann_file} not found under '
                f'data_root={self.data_root!r}; make it with\n    python '
                f'tools/prepare_data.py {self.PREPARE} '
                f'--out {self.data_root or "data"}')
        return super().load_data_list()

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        info = super().parse_data_info(raw_data_info)
        if info is not None:
            subsets = raw_data_info['raw_ann_info'].get('subsets')
            if subsets is None:
                file_name = raw_data_info['raw_img_info']['file_name']
                subsets = self.subsets_of_file(file_name)
            info['subsets'] = tuple(subsets)
        return info

    def subsets_of_file(self, file_name: str) -> Tuple[str, ...]:
        """Subsets of a face in an annotation file that does not say them,
        such as those that MMPose offers.

        Args:
            file_name (str): Image, relative to the image folder.
        """
        return ()
