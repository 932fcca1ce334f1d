# SPDX-License-Identifier: Apache-2.0
"""References in configs: ``'${codec}'`` stands for the value of the variable ``codec``.

For: MMEngine 0.10, whose configs hold values only. After ``model =
dict(head=dict(decoder=codec))`` in a base, the decoder is a copy of ``codec``.
When a config that inherits from it, or ``--cfg-options codec.sigma=1.5``,
changes ``codec``, the decoder stays as it was. Here a config can say where a
value comes from:

- ``'${codec}'`` is a copy of the variable ``codec``;
- ``'${codec.input_size}'`` is a value inside it;
- ``'${input_size // 4}'`` is a whole number, or each number of a tuple,
  divided; the remainder must be 0.

A reference is a whole string. It can stand anywhere, also in a list, and its
variable can hold references too. References are replaced when the config has
been read, and again after :meth:`Config.merge_from_dict`; ``dump`` writes them
as they were. A value that was set by hand in place of a reference stays.

Can go when MMEngine's configs have references of their own.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

_REFERENCE = re.compile(
    r'\$\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*'
    r'(?://\s*([1-9]\d*)\s*)?\}'
)

Path = tuple[Any, ...]  # keys of dictionaries and indices of lists


class _Reference(NamedTuple):
    """A reference in a config, as written, and the value that replaced it."""

    text: str
    value: Any


def install(module: ModuleType) -> None:
    """Let MMEngine's ``Config`` resolve references.

    Args:
        module (module): ``mmengine.config.config``.
    """
    config = module.Config
    create, merge, text = (config.__init__, config.merge_from_dict, config.pretty_text.fget)

    def __init__(self, *args, **kwargs) -> None:
        create(self, *args, **kwargs)
        _replace_references(self)

    def merge_from_dict(self, options: dict, allow_list_keys: bool = True) -> None:
        _restore_references(self)
        for key, value in options.items():
            _expand_references(_content(self), _content(self), _nested(key, value))
        # MMEngine removes _delete_ from the options.
        merge(self, copy.deepcopy(options), allow_list_keys)
        _replace_references(self)

    def pretty_text(self) -> str:
        return text(as_written(self))

    for function, original in ((__init__, create), (merge_from_dict, merge), (pretty_text, text)):
        function.__doc__ = original.__doc__
    config.__init__ = __init__
    config.merge_from_dict = merge_from_dict
    config.pretty_text = property(pretty_text)


def as_written(cfg: Any) -> Any:
    """A copy of a config in which references are written out as ``'${...}'``.

    Args:
        cfg (Config): A config.

    Returns:
        Config: The copy.
    """
    cfg = copy.deepcopy(cfg)
    _restore_references(cfg)
    return cfg


def brought_up_to_date(cfg: Any) -> Any:
    """A copy of a config whose references are resolved again, after its
    variables have been changed.

    Args:
        cfg (Config): A config.

    Returns:
        Config: The copy.

    Raises:
        ValueError: If a reference names a variable that the config lacks.
    """
    cfg = as_written(cfg)
    _replace_references(cfg)
    for path, text in references_in(_content(cfg)):
        raise ValueError(
            f'{".".join(map(str, path))} is {text}, and the config has no such variable'
        )
    return cfg


def references_in(node: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Find the references within a value.

    Args:
        node (Any): A value of a config.
        path (tuple): The keys and indices that lead to it.

    Yields:
        tuple: The path of a reference, and its text.
    """
    if _match(node):
        yield path, node
    for key, child in _children(node):
        yield from references_in(child, (*path, key))


def name_of(reference: str) -> str:
    """The variable of a reference, such as ``codec.input_size``."""
    return _parts(reference)[0]


def has(root: Any, name: str) -> bool:
    """Whether :func:`at` finds a name in a config."""
    try:
        at(root, name)
    except LookupError:
        return False
    return True


def at(node: Any, name: str) -> Any:
    """The value of a name in a config whose references are as written.

    Args:
        node (Any): The whole config.
        name (str): Such as ``codec.input_size``; a reference on the way is
            followed.

    Returns:
        Any: The value, which can hold references.

    Raises:
        LookupError: If the config has no such name.
    """
    root = node
    for step in name.split('.'):
        if _is_plain(node):
            node = at(root, name_of(node))
        node = _child(node, step)
    return node


def written_name(cfg: Any, path: Path) -> str:
    """The name under which to change a value of a config.

    Args:
        cfg (Config): A config.
        path (tuple): The keys and indices that lead to the value, such as
            those of ``model.head.decoder.sigma``.

    Returns:
        str: The name, such as ``codec.sigma`` if the decoder is a reference.
    """
    kept = vars(cfg).get('_references', {})
    for end in range(len(path), 0, -1):
        match = _match(kept[path[:end]].text) if path[:end] in kept else None
        if match and not match[2]:
            steps = tuple(int(step) if step.isdigit() else step for step in match[1].split('.'))
            return written_name(cfg, (*steps, *path[end:]))
    return '.'.join(map(str, path))


def _content(cfg: Any) -> dict:
    return vars(cfg)['_cfg_dict']


def _replace_references(cfg: Any) -> None:
    """Replace all references by their values; remember the references."""
    written = _content(cfg)
    found = list(references_in(written))
    if not found:
        vars(cfg)['_references'] = {}
        return
    tree = _resolved(written, written, ())
    kept = {}
    for path, text in found:
        value = _follow(tree, path)
        if not _match(value):
            kept[path] = _Reference(text, copy.deepcopy(value))
    vars(cfg).update(_cfg_dict=tree, _references=kept)


def _restore_references(cfg: Any) -> None:
    """Put each reference back whose value and variable are still there."""
    kept: dict[Path, _Reference] = vars(cfg).get('_references', {})
    for path, reference in kept.items():
        parent = _follow(_content(cfg), path[:-1])
        stands = _has(parent, path[-1]) and _child(parent, path[-1]) == reference.value
        if stands and has(_content(cfg), name_of(reference.text)):
            _set(parent, path[-1], reference.text)
    vars(cfg)['_references'] = {}


def _nested(key: str, value: Any) -> dict:
    """``{'a.b': 1}`` as ``{'a': {'b': 1}}``."""
    first, _, rest = key.partition('.')
    return {first: _nested(rest, value) if rest else value}


def _expand_references(root: Any, node: Any, options: dict) -> None:
    """Replace the references on the way to each option by copies of what they
    refer to, so that the option changes this place only."""
    for step, value in options.items():
        if not isinstance(value, dict) or not _has(node, step):
            continue
        child = _child(node, step)
        while _is_plain(child) and has(root, name_of(child)):
            child = copy.deepcopy(at(root, name_of(child)))
            _set(node, step, child)
        _expand_references(root, child, value)


def _resolved(node: Any, root: Any, busy: tuple[str, ...]) -> Any:
    """A copy of a value with its references replaced."""
    if _match(node):
        return _value(node, root, busy)
    if isinstance(node, dict):
        copied = type(node)()
        for key, child in _children(node):
            dict.__setitem__(copied, key, _resolved(child, root, busy))
        return copied
    if type(node) in (list, tuple):
        return type(node)(_resolved(child, root, busy) for child in node)
    return copy.deepcopy(node)


def _value(reference: str, root: Any, busy: tuple[str, ...]) -> Any:
    """The value of a reference; the reference itself if its variable is missing."""
    name, divisor = _parts(reference)
    if reference in busy:
        raise ValueError(
            'the config has references in a circle: ' + ' -> '.join((*busy, reference))
        )
    try:
        value = at(root, name)
    except LookupError:
        return reference
    value = _resolved(value, root, (*busy, reference))
    return value if divisor is None else _divided(value, int(divisor), reference)


def _divided(value: Any, divisor: int, reference: str) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_divided(each, divisor, reference) for each in value)
    if type(value) is not int or value % divisor:
        raise ValueError(
            f'{reference} in the config: expected whole numbers '
            f'that are multiples of {divisor}, got {value!r}'
        )
    return value // divisor


def _is_plain(node: Any) -> bool:
    """Whether a value is a reference without a divisor."""
    match = _match(node)
    return match is not None and not match[2]


def _parts(reference: str) -> tuple[str, str | None]:
    """The name and the divisor of a reference."""
    match = _match(reference)
    if match is None:
        raise ValueError(f'expected a reference to a variable, got {reference!r}')
    return match[1], match[2]


def _match(node: Any) -> re.Match[str] | None:
    return _REFERENCE.fullmatch(node) if isinstance(node, str) else None


def _children(node: Any) -> Iterator[tuple[Any, Any]]:
    """Keys or indices, and values; the classes that a config names are not imported."""
    if isinstance(node, dict):
        yield from dict.items(node)
    elif type(node) in (list, tuple):
        yield from enumerate(node)


def _child(node: Any, step: Any) -> Any:
    if isinstance(node, dict):
        return dict.__getitem__(node, step)
    if isinstance(node, (list, tuple)) and str(step).isdigit():
        return node[int(step)]
    raise LookupError(step)


def _has(node: Any, step: Any) -> bool:
    try:
        _child(node, step)
    except LookupError:
        return False
    return True


def _set(node: Any, step: Any, value: Any) -> None:
    if isinstance(node, dict):
        dict.__setitem__(node, step, value)
    elif isinstance(node, list):
        node[int(step)] = value


def _follow(node: Any, path: Path) -> Any:
    for step in path:
        if not _has(node, step):
            return None
        node = _child(node, step)
    return node
