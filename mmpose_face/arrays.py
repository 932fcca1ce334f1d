# SPDX-License-Identifier: Apache-2.0
"""Types of NumPy arrays, for annotations; shapes and units are in docstrings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ['Array', 'BoolArray', 'FloatArray']

Array = NDArray[Any]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.floating[Any]]
