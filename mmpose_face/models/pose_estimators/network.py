# SPDX-License-Identifier: Apache-2.0
"""Switches of a network: half precision, memory format, compilation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from torch import nn


@dataclass(frozen=True)
class NetworkSwitches:
    """The switches of :class:`~mmpose_face.models.FacePoseEstimator`.

    Args:
        amp (bool): Whether to compute in bfloat16.
        channels_last (bool): Whether the channels of a cell lie side by side
            on GPUs.
        compile (bool | dict): Whether to compile, or the options for it.
    """

    amp: bool = False
    channels_last: bool = False
    compile: bool | dict[str, Any] = False

    @classmethod
    def of(cls, options: dict[str, Any] | None) -> NetworkSwitches:
        """The switches of a config; those that it leaves out are off.

        Raises:
            ValueError: If a switch is unknown, or neither on nor off.
        """
        options = dict(options or {})
        known = [field.name for field in fields(cls)]
        for name, value in options.items():
            if name not in known:
                raise ValueError(f'network has no switch {name!r}, expected {", ".join(known)}')
            if not (isinstance(value, bool) or name == 'compile' and isinstance(value, dict)):
                raise ValueError(f'network.{name} is {value!r}, expected True or False')
        return cls(**options)


def compile_modules(modules: Iterable[nn.Module], options: bool | dict[str, Any]) -> None:
    """Compile modules in place, so that their weights keep their names.

    Args:
        modules (Iterable[nn.Module]): The modules.
        options (bool | dict): True, or the options of ``torch.compile``.

    Raises:
        ValueError: If torch finds no compiler.
    """
    chosen = options if isinstance(options, dict) else {}
    if chosen.get('backend', 'inductor') == 'inductor':
        _check_compiler()
    for module in modules:
        module.compile(**chosen)


def _check_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler

    try:
        get_cpp_compiler()
    except RuntimeError as error:
        raise ValueError(
            'network.compile needs a C++ compiler, and torch finds none '
            f'({error}); install one such as g++, or switch it off: '
            'model.network.compile=False'
        ) from error
