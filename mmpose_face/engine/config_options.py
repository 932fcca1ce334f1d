# SPDX-License-Identifier: Apache-2.0
"""Errors for command-line options that would change nothing."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from ..compat.config_references import as_written, at, has, name_of, references_in
from .fast_path import check_fast

# Variables that runners, scripts and inferencers read. Any other variable has
# an effect only if one of these refers to it.
_READ: set[str] = {
    *inspect.signature(Runner.__init__).parameters,
    'activation_checkpointing',
    'auto_scale_lr',
    'compile',
    'custom_imports',
    'data_mode',
    'dataset_type',
    'detect_anomalous_params',
    'fast',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'preprocess_cfg',
    'runner_type',
    'sync_bn',
}


def check_options(cfg: Config, options: dict[str, Any] | None) -> None:
    """Refuse options that would change nothing.

    Args:
        cfg (Config): A runner config.
        options (dict, optional): As ``Config.merge_from_dict`` takes them.

    Raises:
        ValueError: If no part of the config reads one of the options; the
            message suggests keys of the same last name that have an effect.
            Also if one is a part of ``fast``, which has no parts.
    """
    if not options:
        return
    for name, value in options.items():
        if name.startswith('fast.'):
            check_fast({name.partition('.')[2]: value})
    changed = as_written(cfg)
    changed.merge_from_dict(dict(options))
    root = vars(as_written(changed))['_cfg_dict']
    read = _variables_read(root)
    for name in options:
        if not any(_overlap(name, other) for other in read):
            raise ValueError(
                f'--cfg-options {name} changes nothing: no part '
                f'of the config follows it{_hint(name, root, read)}'
            )


def _variables_read(root: dict) -> set[str]:
    """The variables that are read, directly or through references."""
    found, new = set(), set(_READ)
    while new:
        found |= new
        new = {
            name_of(text)
            for name in new
            if has(root, name)
            for _, text in references_in(at(root, name))
        } - found
    return found


def _overlap(a: str, b: str) -> bool:
    """Whether two names are the same or one is inside the other."""
    return f'{a}.'.startswith(f'{b}.') or f'{b}.'.startswith(f'{a}.')


def _hint(name: str, root: dict, read: set[str]) -> str:
    last = name.rpartition('.')[2]
    places = [
        each
        for each in _all_names(root)
        if each.rpartition('.')[2] == last
        and each != name
        and any(_overlap(each, other) for other in read)
    ]
    places = places or difflib.get_close_matches(name, sorted(read & {*root}))
    return f'; did you mean {" or ".join(places[:6])}?' if places else ''


def _all_names(node: Any, prefix: str = '') -> Iterator[str]:
    if isinstance(node, dict):
        for key, child in dict.items(node):
            yield f'{prefix}{key}'
            yield from _all_names(child, f'{prefix}{key}.')
