# SPDX-License-Identifier: Apache-2.0
"""Pictures: landmarks on faces, sheets of them, and error curves."""
from .ced import plot_ced
from .drawing import contact_sheet, draw_landmarks

__all__ = ['contact_sheet', 'draw_landmarks', 'plot_ced']
