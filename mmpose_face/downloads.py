# SPDX-License-Identifier: Apache-2.0
"""Downloads, checked by their SHA-256 and written whole or not at all."""

from __future__ import annotations

import logging
import os
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.parse import unquote, urlparse
from urllib.request import Request, urlopen

import torch
from mmengine.logging import print_log
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from .files import DISK_FULL, PathLike
from .files import sha256 as sha256_of

_TIMEOUT = 30.0  # seconds without a byte, after which a download is given up
_CHUNK = 1 << 20  # bytes


class DownloadError(OSError):
    """A failed download; the message has the address, the reason and what to
    do."""


def cache_folder() -> Path:
    """The folder in which torch.hub keeps weights; ``TORCH_HOME`` moves it."""
    return Path(torch.hub.get_dir()) / 'checkpoints'


def download(
    url: str, sha256: str | None = None, folder: PathLike | None = None, progress: bool = True
) -> Path:
    """The local copy of a file, which is downloaded if there is none.

    Unlike ``torch.hub.download_url_to_file``, this gives up when the server
    is silent, and notices a file that was cut off even where no hash is
    known. The file appears under its name when it is complete, so that
    several processes may download it at once.

    Args:
        url (str): Address; the copy has the same file name.
        sha256 (str, optional): The first digits of the file's SHA-256. A
            copy with another hash is damaged: it is downloaded again, with a
            warning in the log.
        folder (str | PathLike, optional): The folder of the copy. Defaults
            to :func:`cache_folder`.
        progress (bool): Whether to show a progress bar, on stderr.

    Returns:
        Path: The local copy.

    Raises:
        DownloadError: If the file cannot be downloaded or written, is cut off
            or has another hash; nothing of it is kept.
    """
    folder = Path(folder) if folder else cache_folder()
    path = folder / _file_name(url)
    try:
        if path.exists():
            if _has_hash(path, sha256):
                return path
            print_log(f'{path} is damaged: fetching {url} anew', 'current', logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix='.unfinished-', dir=folder) as beside:
            partial = Path(beside) / path.name
            _fetch(url, partial, progress)
            _check_hash(partial, sha256)
            os.replace(partial, path)
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(
            f'could not download {url}: {_reason(error, folder)}. The file '
            f'can be put into {folder}/ by hand'
        ) from error
    return path


def _file_name(url: str) -> str:
    name = os.path.basename(unquote(urlparse(url).path))
    if name in ('', '.', '..'):
        raise DownloadError(f'{url} names no file')
    return name


def _fetch(url: str, path: Path, progress: bool) -> None:
    request = Request(url, headers={'User-Agent': 'mmpose_face'})
    with urlopen(request, timeout=_TIMEOUT) as answer, path.open('wb') as file:
        length = answer.headers.get('Content-Length', '')
        total = int(length) if length.isdecimal() else None
        with _progress_bar(progress) as bar:
            task = bar.add_task(path.name, total=total)
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                bar.advance(task, len(chunk))
    size = path.stat().st_size
    if total is not None and total != size:
        raise ValueError(f'it was cut off after {size} of {total} bytes; try again')


def _progress_bar(shown: bool) -> Progress:
    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )


def _has_hash(path: Path, sha256: str | None) -> bool:
    return sha256 is None or sha256_of(path).startswith(sha256)


def _check_hash(path: Path, sha256: str | None) -> None:
    if sha256 is not None and not _has_hash(path, sha256):
        raise ValueError(
            f'what came has the SHA-256 {sha256_of(path)[: len(sha256)]}..., '
            f'expected {sha256}...; something on the way may have answered in '
            'place of the server'
        )


def _reason(error: Exception, folder: Path) -> str:
    """The cause of a failed download, and what to do."""
    if isinstance(error, HTTPError):
        return f'the server answered {error.code} {error.reason}'
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return (
            f'no room in {folder} ({error.strerror}); free some space, or '
            'name a folder on another disk by TORCH_HOME'
        )
    if isinstance(error, PermissionError):
        return f'no permission to write to {folder}; name another folder by TORCH_HOME'
    if isinstance(error, ValueError):
        return str(error)
    return f'{getattr(error, "reason", error)}'
