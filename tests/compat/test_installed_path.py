# SPDX-License-Identifier: Apache-2.0
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import mmpose
import pytest
from mmengine.config import config

import mmpose_face


def test_as_python_finds_it():
    for module in (mmpose_face, mmpose):
        found = config.get_installed_path(module.__name__)
        assert Path(found) == Path(module.__file__).parent


def test_what_is_not_there():
    with pytest.raises(Exception, match='(?i)none_of_that_name') as raised:
        config.get_installed_path('none_of_that_name')
    assert not isinstance(raised.value, PackageNotFoundError)
