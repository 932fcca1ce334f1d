# SPDX-License-Identifier: Apache-2.0
"""Points and metric of WFLW's table, which synthetic faces share."""

from mmpose_face.evaluation import SubsetNME

scheme = 'wflw98'
num_points = 98

val_evaluator = dict(
    type=SubsetNME,
    subsets=('test', 'pose', 'illumination', 'occlusion', 'blur', 'makeup', 'expression'),
    threshold=0.10,
)
test_evaluator = dict(val_evaluator, bootstrap=1000)
