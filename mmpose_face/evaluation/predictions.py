# SPDX-License-Identifier: Apache-2.0
"""Predictions of any system as files."""
from .scores import PathLike, Scores, strict, write_json


def save_predictions(scores: Scores, path: PathLike) -> None:
    """Write the predicted points of all faces.

    Args:
        scores (Scores): Scores with ``predicted``.
        path (str | PathLike): The file, ``predictions.json`` by custom.
    """
    faces = [
        dict(
            file=file,
            id=id_,
            keypoints=[[strict(x), strict(y)] for x, y in points.tolist()]) for
        file, id_, points in zip(scores.files, scores.ids, scores.predicted)
    ]
    write_json(path, dict(scheme=scores.scheme.name, faces=faces))
