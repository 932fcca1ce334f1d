# SPDX-License-Identifier: Apache-2.0
"""A training and a test step of every row of the zoo."""

from collections.abc import Iterator

from .options import Options
from .results import Measurement
from .sides import row_paths
from .testing import test_measurement
from .training import step_measurement


def rows(options: Options) -> Iterator[Measurement]:
    """Time the steps of all rows; those that MMPose does not have, alone.

    Args:
        options (Options): What is asked for; its row is not looked at.

    Yields:
        Measurement: Seconds of one batch.
    """
    for row in row_paths():
        yield step_measurement('training step of a row', row, options)
        yield test_measurement('test step of a row', row, options)
