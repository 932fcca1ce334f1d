# SPDX-License-Identifier: Apache-2.0
import pytest

from mmpose_face.files import written_whole


def test_the_name_appears_at_the_end(tmp_path):
    path = tmp_path / 'a.txt'
    with written_whole(path) as partial:
        with open(partial, 'w') as file:
            file.write('new')
        assert not path.exists()
    assert path.read_text() == 'new'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('started', [False, True])
def test_a_failure_leaves_the_old_file_alone(tmp_path, started):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt):
        with written_whole(path) as partial:
            if started:
                open(partial, 'w').close()
            raise KeyboardInterrupt
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]
