# SPDX-License-Identifier: Apache-2.0
"""Downloads from the loopback interface."""

import hashlib
import http.server
import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse
from pathlib import Path
from typing import Callable

import pytest
import torch

from mmpose_face import downloads
from mmpose_face.downloads import DownloadError, cache_folder, download

CONTENT = bytes(range(256)) * 1024
SHA256 = hashlib.sha256(CONTENT).hexdigest()[:8]


class Server:
    """Answers every request with what ``answer`` does; counts them."""

    def __init__(self, port: int):
        self.url = f'http://127.0.0.1:{port}/some/weights.pth?v=1'
        self.requests = 0
        self.answer: Callable[[http.server.BaseHTTPRequestHandler], None]
        self.answer = whole


def whole(
    handler: http.server.BaseHTTPRequestHandler,
    content: bytes = CONTENT,
    length: int = len(CONTENT),
) -> None:
    handler.send_response(200)
    handler.send_header('Content-Length', str(length))
    handler.end_headers()
    handler.wfile.write(content)


def half(handler) -> None:
    whole(handler, CONTENT[: len(CONTENT) // 2])


def half_of_a_chunk(handler) -> None:
    handler.send_response(200)
    handler.send_header('Transfer-Encoding', 'chunked')
    handler.end_headers()
    handler.wfile.write(b'400\r\nnot so many')


def of_unknown_length(handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(CONTENT)


def a_page(handler) -> None:
    """What a portal or a proxy answers in place of the server."""
    whole(handler, b'<html>', 6)


def not_found(handler) -> None:
    handler.send_error(404)


def nothing(handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def answering() -> Iterator[Server]:

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self):
            server.requests += 1
            self.close_connection = True
            server.answer(self)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as web:
        server = Server(web.server_port)
        threading.Thread(target=web.serve_forever, args=(0.01,)).start()
        yield server
        web.shutdown()


@pytest.fixture
def server() -> Iterator[Server]:
    with answering() as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    return tmp_path / 'torch/hub/checkpoints'


def fails(url: str, sha256: str = SHA256, **kwargs) -> str:
    """The message; nothing that was not there stays."""
    folder = kwargs.get('folder') or cache_folder()
    before = sorted(folder.iterdir()) if folder.is_dir() else []
    with pytest.raises(DownloadError) as raised:
        download(url, sha256, **kwargs)
    after = sorted(folder.iterdir()) if folder.is_dir() else []
    assert after == before
    message = str(raised.value)
    assert message.startswith(f'could not download {url}: ')
    assert message.endswith(f'put into {folder}/ by hand')
    return message


@pytest.mark.parametrize('answer', [whole, of_unknown_length])
@pytest.mark.parametrize('sha256', [SHA256, None])
def test_downloaded_once(server, cache, answer, sha256):
    server.answer = answer
    path = download(server.url, sha256)
    assert path == cache / 'weights.pth' and path.read_bytes() == CONTENT
    assert download(server.url, sha256) == path
    assert server.requests == 1 and os.listdir(cache) == ['weights.pth']


def test_the_mode_is_that_of_any_file(server, tmp_path):
    (tmp_path / 'any').touch()
    path = download(server.url, folder=tmp_path / 'a' / 'b')
    assert path == tmp_path / 'a/b/weights.pth'
    assert path.stat().st_mode == (tmp_path / 'any').stat().st_mode


def test_a_file_put_there_by_hand(server, cache):
    cache.mkdir(parents=True)
    (cache / 'weights.pth').write_bytes(CONTENT)
    assert download(server.url, SHA256).read_bytes() == CONTENT
    assert server.requests == 0


def test_damaged_in_the_cache(server, cache, logged):
    cache.mkdir(parents=True)
    (cache / 'weights.pth').write_bytes(CONTENT[1:])
    server.answer = not_found
    fails(server.url)
    assert (cache / 'weights.pth').read_bytes() == CONTENT[1:]
    server.answer = whole
    assert download(server.url, SHA256).read_bytes() == CONTENT
    assert f'{cache}/weights.pth is damaged: fetching http' in logged.text


def test_wrong_hash(server):
    server.answer = a_page
    message = fails(server.url)
    assert f'expected {SHA256}...' in message
    assert hashlib.sha256(b'<html>').hexdigest()[:8] in message


@pytest.mark.parametrize('sha256', [SHA256, None])
def test_cut_off(server, sha256):
    server.answer = half
    message = fails(server.url, sha256)
    assert f'cut off after {len(CONTENT) // 2} of {len(CONTENT)} b' in message
    server.answer = half_of_a_chunk
    assert 'IncompleteRead' in fails(server.url, sha256)


def test_the_fault_of_torch_hub(server, cache):
    """It takes half of a file for the whole."""
    server.answer = half
    cache.mkdir(parents=True)
    torch.hub.download_url_to_file(server.url, str(cache / 'a.pth'), progress=False)
    assert (cache / 'a.pth').stat().st_size == len(CONTENT) // 2


def test_no_such_file(server):
    server.answer = not_found
    assert 'the server answered 404 Not Found' in fails(server.url)


def test_nobody_there(server):
    server.answer = nothing
    assert 'without response' in fails(server.url)
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        port = unused.getsockname()[1]
        assert 'refused' in fails(f'http://127.0.0.1:{port}/weights.pth')


def test_a_silent_server_is_given_up(server, monkeypatch):
    monkeypatch.setattr(downloads, '_TIMEOUT', 0.2)
    done = threading.Event()

    def silent(handler):
        whole(handler, CONTENT[:5])
        done.wait(20)

    server.answer = silent
    assert 'timed out' in fails(server.url)
    done.set()


def test_not_an_address():
    assert 'unknown url type' in fails('weights.pth')


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond that size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room(server, cache):
    with room_for(len(CONTENT) // 2):
        message = fails(server.url, progress=False)
    assert f'no room in {cache} (' in message and 'TORCH_HOME' in message


def test_a_folder_that_is_a_file(server, tmp_path):
    (tmp_path / 'file').touch()
    assert 'file' in fails(server.url, folder=tmp_path / 'file')


def test_a_folder_of_that_name(server, cache):
    (cache / 'weights.pth').mkdir(parents=True)
    assert 'directory' in fails(server.url).lower()


@pytest.mark.parametrize(
    'url',
    [
        'http://127.0.0.1:9/',
        'http://127.0.0.1:9/a/',
        'http://127.0.0.1:9/..',
        'http://127.0.0.1:9/a/%2e%2e',
    ],
)
def test_an_address_without_a_file(url):
    with pytest.raises(DownloadError, match='names no file'):
        download(url)


def test_a_name_does_not_lead_elsewhere(server, cache):
    url = server.url.replace('weights.pth', '%2e%2e%2fweights.pth')
    assert download(url) == cache / 'weights.pth'


def test_a_length_that_is_no_number(server):
    server.answer = partial(whole, length='abc')
    assert download(server.url, SHA256).read_bytes() == CONTENT


def test_a_folder_of_others(server, tmp_path, monkeypatch):

    def mkdir(*args, **kwargs):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(Path, 'mkdir', mkdir)
    message = fails(server.url, folder=tmp_path / 'theirs')
    assert 'no permission to write' in message and 'TORCH_HOME' in message


def test_interrupted(server, cache, monkeypatch):
    read = HTTPResponse.read

    def interrupted(self, *args):
        if self.length < len(CONTENT):
            raise KeyboardInterrupt
        return read(self, len(CONTENT) // 2)

    monkeypatch.setattr(HTTPResponse, 'read', interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(server.url, SHA256)
    assert os.listdir(cache) == []


def test_two_at_once(server, cache):
    """Both are in the middle at the same time, and both get the file."""
    meeting = threading.Barrier(2, timeout=60)

    def slowly(handler):
        whole(handler, CONTENT[:1000])
        handler.wfile.flush()
        meeting.wait()
        assert not (cache / 'weights.pth').exists()
        meeting.wait()
        handler.wfile.write(CONTENT[1000:])

    server.answer = slowly
    paths = []

    def fetch():
        path = download(server.url, SHA256, progress=False)
        paths.append((path, path.read_bytes() == CONTENT))

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [(cache / 'weights.pth', True)] * 2
    assert server.requests == 2 and os.listdir(cache) == ['weights.pth']


def test_progress_goes_to_stderr(server, capfd):
    download(server.url)
    captured = capfd.readouterr()
    assert 'weights.pth' in captured.err and not captured.out
