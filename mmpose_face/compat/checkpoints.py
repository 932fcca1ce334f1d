# SPDX-License-Identifier: Apache-2.0
"""Loading checkpoints as data: nothing in them is executed.

For: MMEngine 0.10, which calls ``torch.load`` without ``weights_only``. From
torch 2.6 on, such a call refuses the checkpoints that MMEngine itself writes,
because they hold a ``HistoryBuffer`` and NumPy arrays; below 2.6, and for URLs
in every release, it executes the file's pickle. Besides, MMEngine's runner and
inferencers execute the config text in a checkpoint.

Here every load by MMEngine accepts tensors, containers, numbers, strings,
NumPy arrays and ``HistoryBuffer``, refuses everything else by name, and leaves
the config text out. To load a refused file that you trust, set the environment
variable ``MMPOSE_FACE_UNSAFE_CHECKPOINTS=1``: its pickle is then executed.

Can go when MMEngine loads its own checkpoints with ``weights_only=True``.
"""

from __future__ import annotations

import os
import re
from types import ModuleType
from typing import IO, Any, Union

import torch
from mmengine.logging import print_log
from mmengine.utils import digit_version

from ..downloads import download
from . import pickled_data, restricted_pickle

UNSAFE_SWITCH = 'MMPOSE_FACE_UNSAFE_CHECKPOINTS'

# From this release on, the weights_only loader accepts an object under another
# name than its own; NumPy's moved modules need that.
_HAS_NAMED_GLOBALS = digit_version(torch.__version__) >= digit_version('2.6')

_Source = Union[str, 'os.PathLike[str]', IO[bytes]]


def install(mmengine_checkpoint: Any) -> None:
    """Make every load of MMEngine's checkpoint module safe.

    Args:
        mmengine_checkpoint (module): ``mmengine.runner.checkpoint``.
    """
    mmengine_checkpoint.torch = _TorchLoadingSafely('torch')
    mmengine_checkpoint.load_url = load_url


def load(f: _Source, map_location: Any = None) -> Any:
    """``torch.load`` for data only.

    Args:
        f (str | PathLike | file): The checkpoint.
        map_location: As in ``torch.load``.

    Returns:
        Any: What the file holds, usually a dict, without the config text.

    Raises:
        ValueError: If the file is not a checkpoint, is cut off, or names an
            object that is not on the list of harmless ones. Nothing of the
            file has been executed then.
    """
    name = os.fspath(f) if isinstance(f, (str, os.PathLike)) else getattr(f, 'name', 'checkpoint')
    if os.environ.get(UNSAFE_SWITCH) == '1':
        print_log(f'{UNSAFE_SWITCH}=1: executing the pickle in {name}', logger='current')
        return torch.load(f, map_location=map_location, weights_only=False)
    try:
        checkpoint = pickled_data.to_objects(_load_data(f, map_location))
    except OSError:
        raise
    except Exception as error:
        if 'deserialize object on' in str(error):  # a device is missing
            raise
        raise ValueError(_refusal_message(name, str(error))) from error
    return _without_config(checkpoint)


def load_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True
) -> Any:
    """Load a checkpoint from a URL, through the torch hub cache.

    Args:
        url (str): Address of the checkpoint.
        model_dir (str, optional): Cache folder; default that of torch.hub.
        map_location: As in ``torch.load``.
        progress (bool): Whether to show a progress bar.

    Raises:
        DownloadError: If the file cannot be fetched, or is cut off.
        ValueError: As :func:`load`.
    """
    path = download(url, folder=model_dir, progress=progress)
    return load(path, map_location)


class _TorchLoadingSafely(ModuleType):
    """The namespace ``torch`` with :func:`load` in place of ``torch.load``.

    MMEngine's checkpoint module calls ``torch.load`` in six places; this
    changes all six, and torch for no other module.
    """

    load = staticmethod(load)

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


def _load_data(f: _Source, map_location: Any) -> Any:
    if _HAS_NAMED_GLOBALS:
        allowed: list[Any] = [(obj, name) for name, obj in pickled_data.GLOBALS.items()]
        with torch.serialization.safe_globals(allowed):
            return torch.load(f, map_location=map_location, weights_only=True)
    restricted_pickle.refuse_other_formats(f)
    return torch.load(
        f, map_location=map_location, pickle_module=restricted_pickle, weights_only=False
    )


def _refusal_message(name: str, error: str) -> str:
    found = re.search(r'GLOBAL (\S+)', error)
    if not found:
        return f'{name} is not a complete checkpoint; expected a file written by torch.save'
    return (
        f'refused to load {name}: it holds the object {found[1]}, and '
        'only tensors, numbers, strings, containers, NumPy arrays and '
        'HistoryBuffer were expected. Nothing of it has been executed. '
        f'If you trust the file, set {UNSAFE_SWITCH}=1 to load it anyway.'
    )


def _without_config(checkpoint: Any) -> Any:
    """Drop the texts that MMEngine's ``Runner.resume`` and inferencers would
    execute as Python configs."""
    if not isinstance(checkpoint, dict):
        return checkpoint
    hub = checkpoint.get('message_hub')
    runtime_info = hub.get('runtime_info') if isinstance(hub, dict) else None
    for part in (checkpoint.get('meta'), runtime_info):
        if isinstance(part, dict):
            part.pop('config', None)
            part.pop('cfg', None)
    return checkpoint
