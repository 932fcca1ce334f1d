# SPDX-License-Identifier: Apache-2.0
"""Points and metric of WFLW's table, which synthetic faces share."""

from mmpose_face.evaluation import SubsetNME

scheme = 'wflw98'
num_points = 98

val_evaluator = dict(type=SubsetNME, benchmark='wflw')
test_evaluator = dict(val_evaluator, bootstrap=1000)
