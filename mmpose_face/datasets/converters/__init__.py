# SPDX-License-Identifier: Apache-2.0
"""Converters from raw releases to the one annotation layout.

There is a module for each raw format (such as ``pts``) and each benchmark;
``tools/prepare_data.py`` calls the ``convert`` of a benchmark.
"""

from .aflw import convert as convert_aflw
from .coco_wholebody import convert as convert_coco_wholebody_face
from .cofw import convert as convert_cofw
from .cofw68 import convert as convert_cofw68
from .crops import cut_faces
from .synthetic import write as write_synthetic
from .w300 import convert as convert_300w
from .wflw import convert as convert_wflw

__all__ = [
    'convert_300w',
    'convert_aflw',
    'convert_coco_wholebody_face',
    'convert_cofw',
    'convert_cofw68',
    'convert_wflw',
    'cut_faces',
    'write_synthetic',
]
