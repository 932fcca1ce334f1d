# SPDX-License-Identifier: Apache-2.0
"""Benchmark figures: the maths (:mod:`.functional`), the columns of a
benchmark's table (:mod:`.subsets`) and the metric that MMEngine calls."""
from .functional import (auc, ced, face_errors, failure_rate, nme,
                         normalized_errors, point_distance)
from .metrics import SubsetNME
from .subsets import evaluate_subsets, format_table

__all__ = [
    'SubsetNME', 'auc', 'ced', 'evaluate_subsets', 'face_errors',
    'failure_rate', 'format_table', 'nme', 'normalized_errors',
    'point_distance'
]
