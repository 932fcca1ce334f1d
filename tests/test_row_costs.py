# SPDX-License-Identifier: Apache-2.0
"""The tool that writes the costs of the rows into their metafiles."""

import pytest
import torch
from conftest import module_of_tool
from mmengine.config import ConfigDict


@pytest.fixture(scope='module')
def tool():
    return module_of_tool('dev/row_costs.py')


class Convolution(torch.nn.Module):
    """Three channels to two, 3 x 3, on images of 8 x 4."""

    cfg = ConfigDict(codec=dict(input_size=(8, 4)))

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 2, 3, padding=1)

    def _forward(self, images):
        return self.layer(images)


def test_costs_of_one_convolution(tool):
    costs = tool.costs(Convolution())
    assert costs['Parameters'] == 2 * 3 * 9 + 2
    assert costs['FLOPs'] == 2 * 3 * 9 * 8 * 4
    assert costs['CPU Milliseconds'] >= 0


def test_older_fields_are_replaced_and_comments_kept(tool):
    text = 'A:\n  # why\n  Metadata:\n    FLOPs: 1\n    # what\n    Data: x\n'
    expected = 'A:\n  # why\n  Metadata:\n    FLOPs: 2\n    New: y\n    # what\n    Data: x\n'
    fields = dict(FLOPs=2, New='y')
    assert tool.with_fields(text, 'Metadata', fields) == expected
    assert tool.with_fields(expected, 'Metadata', fields) == expected


def test_a_file_without_the_heading_is_an_error(tool):
    with pytest.raises(ValueError, match='no field Metadata'):
        tool.with_fields('A: 1\n', 'Metadata', {})
