# SPDX-License-Identifier: Apache-2.0
"""A ``pickle_module`` for ``torch.load`` that reads data only.

For: torch 2.1 to 2.5, whose ``weights_only`` loader accepts neither NumPy
arrays nor further names. This unpickler finds the objects that torch's loader
finds and those of :mod:`.pickled_data`; it calls and changes no other.

Can go for checkpoints when torch 2.6 is required;
:mod:`mmpose_face.evaluation.predictions` reads MMPose's dumps with it on every
torch.
"""

import pickle
import tarfile
from collections import OrderedDict
from collections.abc import Iterable
from functools import cache
from typing import IO, Any

import torch

from .pickled_data import GLOBALS


def refuse_other_formats(f: Any) -> None:
    """Refuse the two formats that ``torch.load`` reads without the unpickler.

    Raises:
        pickle.UnpicklingError: For TorchScript archives, which hold code, and
            the tar files of torch 0.1.
    """
    with torch.serialization._open_file_like(f, 'rb') as file:
        start = file.tell()
        if torch.serialization._is_zipfile(file):
            with torch.serialization._open_zipfile_reader(file) as archive:
                if torch.serialization._is_torchscript_zip(archive):
                    raise pickle.UnpicklingError('GLOBAL torch.jit.ScriptModule')
        else:
            try:
                tarfile.open(fileobj=file, mode='r:').close()
            except tarfile.TarError:
                pass
            else:
                raise pickle.UnpicklingError('GLOBAL tarfile.TarFile')
        file.seek(start)


def _latin1(text: str, encoding: str) -> bytes:
    """Stand-in for ``_codecs.encode``, with which protocol 2 writes bytes."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError('GLOBAL _codecs.encode')
    return text.encode('latin1')


@cache
def _known_objects() -> dict:
    from torch._weights_only_unpickler import _get_allowed_globals

    return {
        **_get_allowed_globals(),
        **GLOBALS,
        # Names that torch's own loader knows from 2.4 on.
        '_codecs.encode': _latin1,
        'builtins.set': set,
        'builtins.bytearray': bytearray,
        'builtins.complex': complex,
    }


# Any: typeshed lacks the methods and the stack of this class.
_PythonUnpickler: Any = pickle._Unpickler


class Unpickler(_PythonUnpickler):
    """Python's unpickler as written in Python, where each step can be checked."""

    dispatch = dict(_PythonUnpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        # Files of protocol 2 give the module the name that Python 2 had.
        path = f'{module}.{name}'.replace('__builtin__.', 'builtins.')
        table = _known_objects()
        if path not in table:
            raise pickle.UnpicklingError(f'GLOBAL {path} is not allowed')
        return table[path]

    def load_reduce(self) -> None:
        self._expect(self.stack[-2], _known_objects().values(), 'called')
        super().load_reduce()

    def load_newobj(self) -> None:
        self._expect(self.stack[-2], GLOBALS.values(), 'created')
        super().load_newobj()

    def load_build(self) -> None:
        self._expect(type(self.stack[-2]), (OrderedDict, *GLOBALS.values()), 'changed')
        super().load_build()

    @staticmethod
    def _expect(found: Any, known: Iterable[Any], verb: str) -> None:
        if not any(found is one for one in known):
            name = getattr(found, '__qualname__', type(found).__qualname__)
            raise pickle.UnpicklingError(f'GLOBAL {name} must not be {verb}')

    def _refuse(self) -> None:
        raise pickle.UnpicklingError('GLOBAL of an unknown opcode')

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.BUILD[0]] = load_build
    for _code in (pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[_code[0]] = _refuse


def load(file: IO[bytes], **kwargs) -> Any:
    """As ``pickle.load``."""
    return Unpickler(file, **kwargs).load()
