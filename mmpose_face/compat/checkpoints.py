# SPDX-License-Identifier: Apache-2.0
"""Checkpoints are data: loading one never runs what it says.

For: MMEngine 0.10, which calls ``torch.load`` without saying how. From torch
2.6 on that refuses the checkpoints that MMEngine itself writes, because they
hold a ``HistoryBuffer`` and NumPy arrays; below 2.6, and for URLs in every
release, it executes the file's pickle. Here every load that MMEngine makes
takes tensors, containers, numbers, strings, NumPy arrays and
``HistoryBuffer``, and refuses everything else by name.

Who trusts a file that is refused can set the environment variable
``MMPOSE_FACE_UNSAFE_CHECKPOINTS=1``: then its pickle is executed.

Can go when MMEngine loads its own checkpoints with ``weights_only=True``.
"""
import codecs
import os
import pickle
import re
from functools import lru_cache
from types import ModuleType
from typing import IO, Any, Dict, List, Optional, Tuple, Union
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.utils import digit_version

UNSAFE_SWITCH = 'MMPOSE_FACE_UNSAFE_CHECKPOINTS'

# The first release whose weights_only loader can be given names that differ
# from the object's own, as NumPy's moved modules need.
_HAS_NAMED_GLOBALS = (digit_version(torch.__version__) >= digit_version('2.6'))

_Source = Union[str, 'os.PathLike[str]', IO[bytes]]


def install() -> None:
    """Make every load of MMEngine's checkpoint module a safe one."""
    mmengine_checkpoint.torch = _TorchLoadingSafely('torch')
    mmengine_checkpoint.load_url = load_url


def load(f: _Source, map_location: Any = None) -> Any:
    """``torch.load`` for data only.

    Args:
        f (str | PathLike | file): The checkpoint.
        map_location: As in ``torch.load``.

    Returns:
        Any: What the file holds, usually a dict.

    Raises:
        ValueError: If the file is no checkpoint, is cut off, or names an
            object that is not on the list of harmless ones; nothing of it
            has been executed then.
    """
    name = getattr(f, 'name', None) or (os.fspath(f) if isinstance(
        f, (str, os.PathLike)) else 'checkpoint')
    if os.environ.get(UNSAFE_SWITCH) == '1':
        print_log(
            f'{UNSAFE_SWITCH}=1: executing the pickle in {name}',
            logger='current')
        return torch.load(f, map_location=map_location, weights_only=False)
    try:
        return _load_data(f, map_location)
    except pickle.UnpicklingError as error:
        raise ValueError(_refusal(name, str(error))) from error
    except (EOFError, RuntimeError) as error:
        raise ValueError(
            f'{name} is not a complete checkpoint: expected a file written '
            f'by torch.save, but reading it gave: {error}') from error


def load_url(url: str,
             model_dir: Optional[str] = None,
             map_location: Any = None,
             progress: bool = True,
             **kwargs) -> Any:
    """Load a checkpoint from a URL, through the torch hub cache.

    Args:
        url (str): Address of the checkpoint.
        model_dir (str, optional): Cache folder; default that of torch.hub.
        map_location: As in ``torch.load``.
        progress (bool): Whether to show a progress bar.
        kwargs: The other arguments of ``torch.hub.download_url_to_file``.

    Raises:
        ValueError: As :func:`load`.
    """
    folder = model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints')
    os.makedirs(folder, exist_ok=True)
    cached = os.path.join(folder, os.path.basename(urlparse(url).path))
    if not os.path.exists(cached):
        torch.hub.download_url_to_file(
            url, cached, progress=progress, **kwargs)
    return load(cached, map_location)


class _TorchLoadingSafely(ModuleType):
    """The namespace ``torch`` with :func:`load` in the place of its own.

    MMEngine's checkpoint module looks ``torch.load`` up in six places; this
    reaches all of them and leaves everybody else's torch alone.
    """

    load = staticmethod(load)

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


def _load_data(f: _Source, map_location: Any) -> Any:
    if _HAS_NAMED_GLOBALS:
        allowed = [(obj, name) for name, obj in _harmless_globals().items()]
        with torch.serialization.safe_globals(allowed):
            return torch.load(f, map_location=map_location, weights_only=True)
    return torch.load(
        f,
        map_location=map_location,
        pickle_module=_RestrictedPickle('restricted_pickle'),
        weights_only=False)


def _refusal(name: str, error: str) -> str:
    found = re.search(r'GLOBAL (\S+)', error)
    what = f'the object {found[1]}' if found else error.strip()
    return (f'refused to load {name}: it holds {what}, and only tensors, '
            'numbers, strings, containers, NumPy arrays and HistoryBuffer '
            'were expected. Nothing of it has been executed. If you trust '
            f'the file, set {UNSAFE_SWITCH}=1 to load it all the same.')


@lru_cache(maxsize=None)
def _harmless_globals() -> Dict[str, Any]:
    """From the name in the file to what it stands for."""
    history_buffer = f'{HistoryBuffer.__module__}.{HistoryBuffer.__name__}'
    return {
        **dict(_numpy_globals()),
        history_buffer: HistoryBuffer,
        'builtins.getattr': _history_statistic,
        'builtins.bytes': bytes,  # of an empty array
        # Known to torch's own loader only from 2.4 on.
        '_codecs.encode': codecs.encode,
        'builtins.set': set,
        'builtins.bytearray': bytearray,
        'builtins.complex': complex,
    }


def _numpy_globals() -> List[Tuple[str, Any]]:
    """What pickled arrays and scalars name, under the module paths of NumPy
    1 and 2 alike. The dtype of Python objects is not among them."""
    reconstruct = np.ones(1).__reduce__()[0]
    scalar = np.float64(1).__reduce__()[0]
    pairs = [('numpy.ndarray', np.ndarray), ('numpy.dtype', np.dtype)]
    for core in ('numpy.core', 'numpy._core'):
        pairs.append((f'{core}.multiarray._reconstruct', reconstruct))
        pairs.append((f'{core}.multiarray.scalar', scalar))
    for dtype in {type(np.dtype(code)) for code in '?bhilqBHILQefdSU'}:
        pairs.append((f'{dtype.__module__}.{dtype.__qualname__}', dtype))
    return pairs


def _history_statistic(owner: Any, name: str) -> Any:
    """Stands for ``getattr``, with which a pickled HistoryBuffer names its
    four statistics (``HistoryBuffer.mean`` ...), and reaches nothing else."""
    if owner is HistoryBuffer and name in ('min', 'max', 'current', 'mean'):
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(f'GLOBAL builtins.getattr of {name!r}')


class _RestrictedUnpickler(pickle.Unpickler):
    """Finds what torch's own ``weights_only`` loader finds, and ours."""

    def find_class(self, module: str, name: str) -> Any:
        from torch._weights_only_unpickler import _get_allowed_globals

        # Files of protocol 2 give the module the name that Python 2 had.
        path = f'{module}.{name}'.replace('__builtin__.', 'builtins.')
        for table in (_harmless_globals(), _get_allowed_globals()):
            if path in table:
                return table[path]
        raise pickle.UnpicklingError(f'GLOBAL {path} is not allowed')


class _RestrictedPickle(ModuleType):
    """A ``pickle_module`` for ``torch.load`` below 2.6."""

    Unpickler = _RestrictedUnpickler

    @staticmethod
    def load(file: IO[bytes], **kwargs) -> Any:
        return _RestrictedUnpickler(file, **kwargs).load()
