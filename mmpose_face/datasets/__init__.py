# SPDX-License-Identifier: Apache-2.0
"""Face data sets for MMPose's registries, and readers of the raw releases
(:mod:`mmpose_face.datasets.converters`), which need no MMPose."""

from ..on_demand import on_demand

__all__, __getattr__, __dir__ = on_demand(
    __name__,
    dict(
        benchmarks=('BENCHMARKS', 'Benchmark', 'get_benchmark'),
        collating=('face_collate',),
        custom=('CustomFaces',),
        face_300w=('Face300W',),
        face_aflw=('FaceAFLW',),
        face_coco_wholebody=('FaceCocoWholeBody',),
        face_cofw=('FaceCOFW', 'FaceCOFW68'),
        face_dataset=('FaceDataset', 'open_benchmark'),
        face_synthetic=('SyntheticFaces', 'SyntheticFaces68'),
        face_wflw=('FaceWFLW',),
        metainfo=('scheme_metainfo',),
        transforms=(
            'BlackRectangle',
            'BlendNoise',
            'BoxBlur',
            'FaceTarget',
            'LoadFaceImage',
            'NormalBBoxTransform',
            'PackFaceInputs',
            'PerturbFaceBox',
            'RandomFaceBox',
            'RandomFaceFlip',
            'RandomGamma',
            'WarpFace',
        ),
    ),
)
