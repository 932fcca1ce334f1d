# SPDX-License-Identifier: Apache-2.0
from mmpose_face.text import shortened


def test_shortened():
    assert shortened([]) == ''
    assert shortened(['a', 2]) == 'a, 2'
    assert shortened('abcde') == 'a, b, c, d, e'
    assert shortened('abcdef') == 'a, b, c, d, e, ...'
    assert shortened('abc', at_most=2) == 'a, b, ...'
