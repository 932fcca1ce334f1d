# SPDX-License-Identifier: Apache-2.0
"""Silencing of the warning that pkg_resources is deprecated.

For: MMEngine 0.10 with setuptools 67 to 81. MMEngine's ``is_installed`` and
``get_installed_path`` import pkg_resources, which then warns every user who
opens a model, although only MMEngine's developers can act on it. No other
warning is ignored.

Can go when MMEngine asks importlib.
"""

import warnings


def install() -> None:
    """Ignore the warning; further calls change nothing."""
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated')
