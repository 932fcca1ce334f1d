# SPDX-License-Identifier: Apache-2.0
"""The model zoo: its rows, their published figures and released weights."""

from ..downloads import DownloadError, cache_folder, download
from .lookup import build_model, config_of, find_row, get_model, list_models
from .metafiles import BenchmarkPaper, Costs, Measured, Paper, Published, Row, read_rows

__all__ = [
    'BenchmarkPaper',
    'Costs',
    'DownloadError',
    'Measured',
    'Paper',
    'Published',
    'Row',
    'build_model',
    'cache_folder',
    'config_of',
    'download',
    'find_row',
    'get_model',
    'list_models',
    'read_rows',
]
