# SPDX-License-Identifier: Apache-2.0
"""Benchmark figures: the maths (:mod:`.functional`), the errors of a system
on the faces of a test (:mod:`.scores`), the columns of a benchmark's table
(:mod:`.table`) and the metric that MMEngine calls."""
from .functional import (Comparison, auc, bootstrap_ci, box_diagonal, ced,
                         compare, face_box, face_errors, failure_rate,
                         inter_ocular, inter_pupil, landmark_box, longer_side,
                         nme, normalized_errors, per_group, per_landmark,
                         percentiles, point_distance)
from .metrics import SubsetNME
from .motion import jitter, lag, motion_normalizer
from .pairing import pair
from .predictions import Predictions, load_predictions, save_predictions
from .scores import (NORMALIZERS, Faces, Scores, in_common, load_scores,
                     save_scores, score)
from .table import Table, format_table, make_table

__all__ = [
    'Comparison', 'Faces', 'Predictions', 'load_predictions', 'pair',
    'NORMALIZERS', 'Scores', 'SubsetNME', 'Table', 'auc', 'bootstrap_ci',
    'box_diagonal', 'ced', 'compare', 'face_box', 'face_errors',
    'failure_rate', 'format_table', 'in_common', 'inter_ocular', 'inter_pupil',
    'jitter', 'lag', 'landmark_box', 'load_scores', 'longer_side',
    'make_table', 'motion_normalizer', 'nme', 'normalized_errors', 'per_group',
    'per_landmark', 'percentiles', 'point_distance', 'save_predictions',
    'save_scores', 'score'
]
