# SPDX-License-Identifier: Apache-2.0
import pytest

from mmpose_face.files import write_whole, written_whole


def test_the_name_appears_at_the_end(tmp_path):
    path = tmp_path / 'a.txt'
    with written_whole(path) as partial:
        with open(partial, 'w') as file:
            file.write('new')
        assert not path.exists()
    assert path.read_text() == 'new'
    assert list(tmp_path.iterdir()) == [path]


def test_several_write_at_once(tmp_path):
    """Each beside the other; the last one stays."""
    path = tmp_path / 'a.txt'
    with written_whole(path, by_several=True) as first:
        with written_whole(path, by_several=True) as second:
            for name, text in ((first, 'first'), (second, 'second')):
                with open(name, 'x') as file:
                    file.write(text)
        assert path.read_text() == 'second'
    assert path.read_text() == 'first'
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


def test_text_and_bytes(tmp_path):
    write_whole(tmp_path / 'a', 'Größe')
    assert (tmp_path / 'a').read_bytes() == b'Gr\xc3\xb6\xc3\x9fe'
    write_whole(tmp_path / 'a', b'\xff\r\n')
    assert (tmp_path / 'a').read_bytes() == b'\xff\r\n'
    assert [path.name for path in tmp_path.iterdir()] == ['a']
