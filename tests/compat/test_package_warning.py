# SPDX-License-Identifier: Apache-2.0
import warnings

import pytest
from mmengine.utils import is_installed

from mmpose_face.compat import package_warning


@pytest.fixture
def warned():
    """The warnings of a test, all of them."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        yield seen


def test_the_fault_mmengine_makes_pkg_resources_warn(warned):
    """When this fails, compat.package_warning can go."""
    is_installed('torch')
    assert any('pkg_resources is deprecated' in str(w.message) for w in warned)


def test_it_is_the_only_warning_that_is_ignored(warned):
    package_warning.install()
    is_installed('torch')
    warnings.warn('pkg_resources is slow')
    assert [str(w.message) for w in warned] == ['pkg_resources is slow']
