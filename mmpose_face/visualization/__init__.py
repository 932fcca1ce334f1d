# SPDX-License-Identifier: Apache-2.0
"""Pictures: landmarks on faces, sheets of them, and error curves."""
from .browse import browse_dataset
from .ced import plot_ced
from .drawing import contact_sheet, draw_landmarks

__all__ = ['browse_dataset', 'contact_sheet', 'draw_landmarks', 'plot_ced']
