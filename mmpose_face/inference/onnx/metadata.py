# SPDX-License-Identifier: Apache-2.0
"""What an exported file says of itself; needs NumPy alone."""

import json
from dataclasses import dataclass, fields
from typing import Any

from ...landmarks import Scheme

# Of the keys and of the graph's inputs and outputs; counts up when a file of
# the new format would be misunderstood by what reads the old one.
FORMAT = 1
_KEY, _NAME = 'format', 'mmpose_face/'


@dataclass(frozen=True)
class OnnxMetadata:
    """What is known of an exported model beside its graph.

    Args:
        scheme (Scheme): What the points are.
        input_size (tuple[int, int]): Width and height of a crop in pixels.
        padding (float): How many times as wide as the face's box a crop is.
        normalization (dict): What the graph does to pixels: ``channels``,
            the order that the network is given, and ``mean`` and ``std`` in
            that order.
        decoded (bool): Whether the graph gives points and scores.
        codec (dict): What points are as outputs of the network: ``type`` and
            its arguments.
        flip_test (bool): Whether the graph takes the mean with the mirror
            image.
        precision (str): ``'fp32'`` or ``'fp16'``, of the network.
        config (str): Name of the model's config.
        version (str): The mmpose_face that wrote the file.
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
        """As texts for the file: plain where it is a text, JSON where it is
        anything else, and ``format`` first."""
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
        """Read what :meth:`to_props` has written.

        Args:
            props (dict): The file's texts.
            name (str): The file's name, for messages.

        Raises:
            ValueError: If they are not ours, of a newer format, or broken.
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
