# SPDX-License-Identifier: Apache-2.0
"""Pictures: landmarks on faces, sheets of them, error curves, and the report
of a test."""
from importlib import import_module
from typing import Any, List

# Where each name is defined. Modules are imported when one of their names is
# asked for: landmarks are drawn where torch and matplotlib are not installed.
_HOMES = dict(
    browse_dataset='browse',
    contact_sheet='drawing',
    draw_boxes='drawing',
    draw_landmarks='drawing',
    draw_schematic='schematic',
    draw_worst='worst',
    environment_info='report',
    plot_ced='ced',
    report_test='report_of_test',
    subset_curves='ced',
    worst_faces='worst',
    worst_sheet='worst',
    write_report='report',
    write_report_folder='report')

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_HOMES[name]}', __name__), name)


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
