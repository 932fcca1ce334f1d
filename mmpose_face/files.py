# SPDX-License-Identifier: Apache-2.0
"""Files written whole or not at all, and their SHA-256."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Union

# The name of a file or folder, in annotations.
PathLike = Union[str, 'os.PathLike[str]']

# Error numbers of the system for a disk, a quota or a limit without room.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def written_whole(path: PathLike, by_several: bool = False) -> Iterator[str]:
    """Write to a temporary name, then rename: a reader finds the old file or
    the complete new one, never a part of it.

    Args:
        path (str | PathLike): The final name, on a local disk.
        by_several (bool): Whether other processes may write the file at the
            same time; the temporary name is then unique.

    Yields:
        str: The temporary name to write to, in the folder of ``path``. It is
        renamed to ``path`` at the end, and removed if the block raises.

    Raises:
        OSError: What writing raises, with ``path`` as its ``filename``.
    """
    # Not from a seeded generator: other processes may have the same seed.
    own = f'.{os.urandom(8).hex()}' if by_several else ''
    partial = f'{os.fspath(path)}{own}.partial'
    try:
        yield partial
        os.replace(partial, path)
    except BaseException as error:
        Path(partial).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = os.fspath(path)
        raise


def write_whole(path: PathLike, content: str | bytes) -> None:
    """Write a file, whole or not at all; a text is written in UTF-8."""
    if isinstance(content, str):
        content = content.encode()
    with written_whole(path) as partial:
        Path(partial).write_bytes(content)


def sha256(path: PathLike) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
