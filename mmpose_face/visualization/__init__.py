# SPDX-License-Identifier: Apache-2.0
"""Pictures: landmarks on faces, sheets of them, error curves, and the report
of a test."""
from .browse import browse_dataset
from .ced import plot_ced, subset_curves
from .drawing import contact_sheet, draw_landmarks
from .report import environment_info, write_report, write_report_folder
from .report_of_test import report_test
from .schematic import draw_schematic
from .worst import draw_worst, worst_faces, worst_sheet

__all__ = [
    'browse_dataset', 'contact_sheet', 'draw_landmarks', 'draw_schematic',
    'draw_worst', 'environment_info', 'plot_ced', 'subset_curves',
    'report_test', 'worst_faces', 'worst_sheet', 'write_report',
    'write_report_folder'
]
