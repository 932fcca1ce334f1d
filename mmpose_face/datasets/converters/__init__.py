# SPDX-License-Identifier: Apache-2.0
"""From what a data set's owner distributes to the one annotation layout.

One module for each raw format (``pts``) and each benchmark; a benchmark's
``convert`` is what ``tools/prepare_data.py`` calls.
"""
from .synthetic import write as write_synthetic
from .w300 import convert as convert_300w

__all__ = ['convert_300w', 'write_synthetic']
