# SPDX-License-Identifier: Apache-2.0
"""The model zoo: its rows, their published figures and released weights."""
from .metafiles import Benchmark, Paper, Published, Row, read_rows

__all__ = ['Benchmark', 'Paper', 'Published', 'Row', 'read_rows']
