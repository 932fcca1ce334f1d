# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules written as ONNX files."""

import inspect
import io
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from ...version import __version__

# The operator set that torch 2.1 and all later releases write; it has all
# operators that are needed here.
OPSET = 17


def write_graph(
    module: nn.Module,
    example: Tensor,
    path: str,
    outputs: Sequence[str],
    dynamic_batch: bool = False,
) -> None:
    """Trace a module and write the trace.

    Args:
        module (nn.Module): A module of tensors, in evaluation mode.
        example (Tensor): An example of its input, ``(B, ...)``; the input is
            named ``crops``.
        path (str): The file.
        outputs (Sequence[str]): Names of its outputs, ``(B, ...)`` each.
        dynamic_batch (bool): Whether B may vary.

    Raises:
        ValueError: If torch cannot write it.
    """
    axes = {name: {0: 'batch'} for name in ('crops', *outputs)}
    options: dict[str, Any] = {}
    # The exporter that all supported releases of torch have, which needs no
    # other package. Later releases have another one as the default.
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False
    # It warns that it is the old exporter and that sizes in a trace are fixed,
    # and it prints a graph that it cannot write, thousands of lines long.
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        try:
            torch.onnx.export(
                module,
                (example,),
                path,
                opset_version=OPSET,
                input_names=['crops'],
                output_names=list(outputs),
                dynamic_axes=axes if dynamic_batch else None,
                **options,
            )
        except RuntimeError as error:
            raise ValueError(
                f'this network cannot be put into a graph by torch {torch.__version__}: {error}'
            ) from error


def add_texts(path: str, texts: dict[str, str]) -> None:
    """Add texts to the metadata of an ONNX file, and check the file.

    Args:
        path (str): The file.
        texts (dict): The texts by their keys.
    """
    file = onnx.load(path)
    file.producer_name, file.producer_version = 'mmpose_face', __version__
    onnx.helper.set_model_props(file, texts)
    onnx.checker.check_model(file)
    onnx.save(file, path)
