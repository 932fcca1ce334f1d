# SPDX-License-Identifier: Apache-2.0
"""Chromium, controlled by ChromeDriver through the WebDriver protocol
(https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
DRIVER = shutil.which('chromedriver')
in_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason='nothing is looked at in a browser: chromium and chromedriver are '
    'not installed (Debian: chromium chromium-driver)',
)

QUIET = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-sync',
    '--disable-background-networking',
    '--disable-component-update',
)


class Browser:
    """A headless Chromium with a new profile."""

    def __init__(self, profile: Path, width: int = 1280) -> None:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self._address = f'http://127.0.0.1:{port}'
        self._process = subprocess.Popen(
            [DRIVER, f'--port={port}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._window = self._start(profile, width)
        except BaseException:
            self._process.terminate()
            raise

    def _start(self, profile: Path, width: int) -> str:
        args = [*QUIET, f'--user-data-dir={profile}', f'--window-size={width},900']
        always = {
            'goog:chromeOptions': dict(binary=CHROMIUM, args=args),
            'goog:loggingPrefs': dict(performance='ALL', browser='ALL'),
        }
        for _ in range(100):
            try:
                self._ask('GET', '/status')
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        answer = self._ask('POST', '/session', dict(capabilities=dict(alwaysMatch=always)))
        return f'/session/{answer["sessionId"]}'

    def _ask(self, method: str, path: str, body=None):
        request = urllib.request.Request(
            self._address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json'},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())['value']

    def open(self, page: Path | str) -> None:
        """Open a file or an address."""
        url = page.as_uri() if isinstance(page, Path) else page
        self._ask('POST', f'{self._window}/url', dict(url=url))

    def run(self, script: str, *args):
        """Run a script in the page and return its value."""
        return self._ask('POST', f'{self._window}/execute/sync', dict(script=script, args=args))

    def press(self, script: str, key: str = '') -> None:
        """Click on the element that a script returns, or send the element a key."""
        (element,) = self.run(script).values()
        what = 'value' if key else 'click'
        self._ask('POST', f'{self._window}/element/{element}/{what}', dict(text=key) if key else {})

    def log(self, kind: str) -> list:
        return self._ask('POST', f'{self._window}/se/log', dict(type=kind))

    def requests(self) -> set[str]:
        """The addresses requested since the last call."""
        messages = [json.loads(entry['message'])['message'] for entry in self.log('performance')]
        return {
            message['params']['request']['url']
            for message in messages
            if message['method'] == 'Network.requestWillBeSent'
        }

    def close(self) -> None:
        try:
            self._ask('DELETE', self._window)
        finally:
            self._process.terminate()
            self._process.wait()
