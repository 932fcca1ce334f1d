# SPDX-License-Identifier: Apache-2.0
"""Pictures: landmarks on faces, contact sheets, error curves, and the report of a test."""

from ..on_demand import on_demand

__all__, __getattr__, __dir__ = on_demand(
    __name__,
    dict(
        browse=('browse_dataset',),
        ced=('plot_ced', 'subset_curves'),
        drawing=('contact_sheet', 'draw_boxes', 'draw_landmarks'),
        report=('environment_info', 'write_report', 'write_report_folder'),
        report_of_test=('report_test',),
        schematic=('draw_schematic',),
        worst=('draw_worst', 'worst_faces', 'worst_sheet'),
    ),
)
