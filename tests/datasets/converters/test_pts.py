# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_face.datasets.converters.pts import read_pts

PLAIN = 'version: 1\nn_points:  2\n{\n446.000 91.000\n1.5 -2\n}\n'
POINTS = [[446, 91], [1.5, -2]]


@pytest.mark.parametrize(
    'text',
    [
        PLAIN,
        PLAIN.replace('\n', '\r\n'),
        PLAIN.replace('  2', ' 2') + '\n \n',
        PLAIN.replace('446.000 91.000', '  446.000\t91.000  '),
        PLAIN.replace('1.5', '\n1.5'),
        '{\n446 91\n1.5 -2.000000\n}',
    ],
)
def test_variations_in_circulation(tmp_path, text):
    (tmp_path / 'a.pts').write_bytes(text.encode())
    assert read_pts(tmp_path / 'a.pts', 2).tolist() == POINTS


def test_real_file(face_data):
    paths = list((face_data / 'pts_samples').glob('*.pts'))
    assert paths
    for path in paths:
        points = read_pts(path)
        assert points.shape == (68, 2) and points.dtype == np.float64
        assert points[36, 0] < points[45, 0]


@pytest.mark.parametrize(
    'text,message',
    [
        (PLAIN.replace('  2', ' 3'), r'a\.pts:2: expected n_points: 2'),
        (PLAIN.replace('1.5 -2\n', ''), r'a\.pts:5: expected 2 points, got 1'),
        (PLAIN.replace('1.5', 'nose'), r'a\.pts:5: expected two numbers.*nose'),
        (PLAIN.replace('1.5 -2', '1 2 3'), r'a\.pts:5: expected two numbers'),
        (PLAIN.replace('1.5', 'nan'), r'a\.pts:5: expected two numbers'),
        (PLAIN.replace('1.5', 'inf'), r'a\.pts:5: expected two numbers'),
        (PLAIN.replace('1.5', '1_5'), r'a\.pts:5: expected two numbers'),
        (PLAIN.replace('1.5', '1e9'), r'a\.pts:5: expected two numbers'),
        (PLAIN.replace('}', ''), r'a\.pts:6: expected the points between'),
        ('', r'a\.pts:0: expected the points between'),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message):
    (tmp_path / 'a.pts').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_pts(tmp_path / 'a.pts', 2)


@pytest.fixture(scope='module')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('pts') / 'a.pts'


lines = st.lists(
    st.sampled_from(
        [
            b'{',
            b'}',
            b'1 2',
            b'n_points: 2',
            b'n_points',
            b'\xff',
            b'1_0 2',
            b'0x1 2',
            b'\x0c',
            b'1e400 0',
            b'-0 .5',
            b'',
        ]
    )
    | st.binary(max_size=12)
)


@given(content=st.binary() | lines.map(b'\n'.join))
def test_any_bytes_give_points_or_a_value_error(scratch, content):
    scratch.write_bytes(content)
    try:
        points = read_pts(scratch, 2)
    except ValueError as error:
        assert str(error).startswith(f'{scratch}:')
    else:
        assert points.shape == (2, 2) and np.isfinite(points).all()
