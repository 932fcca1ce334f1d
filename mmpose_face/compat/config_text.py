# SPDX-License-Identifier: Apache-2.0
"""Formatting of a config's text once in a run.

For: MMEngine 0.10, whose runner formats the same config with yapf to log it,
to write it into the work dir and for the visualizer: a second or more each
time.

Can go when MMEngine keeps the text.
"""

from functools import lru_cache
from typing import Any


def install(module: Any) -> None:
    """Keep the last texts that MMEngine's configs had formatted.

    Args:
        module (module): ``mmengine.config.config``.
    """
    format_code = module.FormatCode

    @lru_cache(maxsize=4)
    def formatted(text: str, options: tuple) -> tuple:
        style, more = map(dict, options)
        return format_code(text, style_config=style, **more)

    def FormatCode(text: str, style_config: dict, **more) -> tuple:
        return formatted(text, (tuple(style_config.items()), tuple(more.items())))

    module.FormatCode = FormatCode
