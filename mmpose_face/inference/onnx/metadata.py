# SPDX-License-Identifier: Apache-2.0
"""Metadata of exported files; NumPy only."""

import json
from dataclasses import dataclass, fields
from typing import Any

from ...landmarks import Scheme

# The version of the keys and of the graph's inputs and outputs. It grows when
# a reader of the old format would misunderstand the new one.
FORMAT = 1
_KEY, _NAME = 'format', 'mmpose_face/'


@dataclass(frozen=True)
class OnnxMetadata:
    """The facts about an exported model that are not in its graph.

    Args:
        scheme (Scheme): The landmark scheme of the points.
        input_size (tuple[int, int]): Width and height of a crop in pixels.
        padding (float): Width of a crop as a multiple of that of the face's
            box.
        normalization (dict): Normalisation of pixels in the graph:
            ``channels``, the order of the network's input, and ``mean`` and
            ``std`` in that order.
        decoded (bool): Whether the outputs are points and scores.
        codec (dict): The codec of the network's outputs: ``type`` and its
            arguments.
        flip_test (bool): Whether the graph averages with the mirror image.
        precision (str): ``'fp32'`` or ``'fp16'``, of the network.
        config (str): Name of the model's config.
        version (str): The version of mmpose_face that wrote the file.
    """

    scheme: Scheme
    input_size: tuple[int, int]
    padding: float
    normalization: dict[str, Any]
    decoded: bool
    codec: dict[str, Any]
    flip_test: bool
    precision: str
    config: str
    version: str

    def to_props(self) -> dict[str, str]:
        """The metadata as texts for the file: JSON, except for fields that
        are texts; ``format`` comes first."""
        found = {_KEY: f'{_NAME}{FORMAT}'}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Scheme):
                value = value.to_dict()
            text = isinstance(value, str)
            found[field.name] = value if text else json.dumps(value)
        return found

    @classmethod
    def from_props(cls, props: dict[str, str], name: str) -> 'OnnxMetadata':
        """Read the texts of :meth:`to_props`.

        Args:
            props (dict): The texts of the file.
            name (str): The name of the file, for messages.

        Raises:
            ValueError: If they are not from :meth:`to_props`, of a newer
                format, or damaged.
        """
        _check_format(props.get(_KEY, ''), name)
        try:
            values = {field.name: _parsed(field.name, props[field.name]) for field in fields(cls)}
            values['scheme'] = Scheme.from_dict(values['scheme'])
            width, height = map(int, values['input_size'])
            values['input_size'] = width, height
            values['padding'] = float(values['padding'])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'{name}: its metadata cannot be read ({error!r}); export the model again'
            ) from error


_TEXTS = ('precision', 'config', 'version')


def _parsed(field: str, text: str) -> Any:
    return text if field in _TEXTS else json.loads(text)


def _check_format(text: str, name: str) -> None:
    number = text[len(_NAME) :]
    if not text.startswith(_NAME) or not number.isdecimal():
        raise ValueError(
            f'{name} was not written by mmpose_face: expected a file of '
            'tools/export_onnx.py, whose metadata has format = '
            f'{_NAME}{FORMAT}'
        )
    if int(number) > FORMAT:
        raise ValueError(
            f'{name} is of format {number}, which is newer than this '
            f'mmpose_face, which reads up to {FORMAT}: install the release '
            'that wrote it or a later one'
        )
