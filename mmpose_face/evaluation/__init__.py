# SPDX-License-Identifier: Apache-2.0
"""Benchmark figures: the maths (:mod:`.functional`), the errors of a system
on the faces of a test (:mod:`.scores`), the columns of a benchmark's table
(:mod:`.table`) and the metric that MMEngine calls."""

from ..on_demand import on_demand

__all__, __getattr__, __dir__ = on_demand(
    __name__,
    dict(
        functional=(
            'Comparison',
            'auc',
            'bootstrap_ci',
            'box_diagonal',
            'ced',
            'compare',
            'face_box',
            'face_errors',
            'failure_rate',
            'inter_ocular',
            'inter_pupil',
            'landmark_box',
            'longer_side',
            'nme',
            'normalized_errors',
            'per_group',
            'per_landmark',
            'percentiles',
            'point_distance',
        ),
        metrics=('SubsetNME',),
        motion=('jitter', 'lag', 'motion_normalizer'),
        pairing=('pair',),
        predictions=('Predictions', 'load_predictions', 'save_predictions'),
        scores=(
            'NORMALIZERS',
            'Faces',
            'Scores',
            'in_common',
            'load_scores',
            'save_scores',
            'score',
        ),
        table=('Table', 'format_table', 'make_table'),
    ),
)
