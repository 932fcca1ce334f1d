# SPDX-License-Identifier: Apache-2.0
"""Files that are there whole or not at all, and what is in them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the system says of a disk, a quota or a limit that leaves no room.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def written_whole(path: str | os.PathLike[str], by_several: bool = False) -> Iterator[str]:
    """Write beside the final name, then rename: a reader finds the old file
    or the complete new one, never a part of it.

    Args:
        path (str | PathLike): The final name, on a local disk.
        by_several (bool): Whether others may write it at the same time; the
            name beside it is then one that nobody else has.

    Yields:
        str: The name to write to. It is renamed to ``path`` at the end, and
        removed if the block raises.

    Raises:
        OSError: What writing raises, with ``path`` as its ``filename``.
    """
    # Not drawn by generators that are seeded: others may have the same seed.
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


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file, a text in UTF-8; see :func:`written_whole`."""
    if isinstance(content, str):
        content = content.encode()
    with written_whole(path) as partial:
        Path(partial).write_bytes(content)


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
