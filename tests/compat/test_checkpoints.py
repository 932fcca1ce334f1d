# SPDX-License-Identifier: Apache-2.0
import io
import pickle
import zipfile
from collections import OrderedDict
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner import load_checkpoint
from mmengine.utils import digit_version

from mmpose_face.compat import checkpoints

formats = pytest.mark.parametrize('as_zip', [True, False], ids=['zip', 'legacy'])
TORCH_26 = digit_version(torch.__version__) >= digit_version('2.6')


class Payload:
    """Unpickling it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


def save(obj, path: Path, as_zip: bool = True) -> str:
    torch.save(obj, path, _use_new_zipfile_serialization=as_zip)
    return str(path)


def trained_checkpoint() -> dict:
    """What MMEngine writes, and MMPose 1.x publishes."""
    history = HistoryBuffer()
    history.update(0.5)
    history.update(0.25)
    return dict(
        meta=dict(
            epoch=2,
            dataset_meta=dict(
                sigmas=np.array([], np.float32),
                thresholds=np.array([0.1, 0.2]),
                flip_indices=np.arange(3),
                colors=np.zeros((2, 3), np.uint8),
                weights=np.ones(2, np.float32),
                count=np.int64(7),
                mean=np.float64(0.5),
            ),
        ),
        state_dict=OrderedDict(weight=torch.arange(3.0)),
        optimizer=dict(state={0: dict(step=torch.tensor(3.0))}),
        message_hub=dict(log_scalars={'train/loss': history}),
    )


@pytest.mark.skipif(not TORCH_26, reason='torch < 2.6 loads by executing')
def test_the_fault_without_us_from_torch_2_6(tmp_path):
    """When this loads, the allow-list can go."""
    path = save(trained_checkpoint(), tmp_path / 'a.pth')
    with pytest.raises(pickle.UnpicklingError, match='HistoryBuffer|numpy'):
        torch.load(path)


@pytest.mark.skipif(TORCH_26, reason='torch >= 2.6 refuses by default')
def test_the_fault_without_us_below_torch_2_6(tmp_path):
    torch.load(save(Payload(tmp_path / 'made'), tmp_path / 'a.pth'))
    assert (tmp_path / 'made').exists()


def test_the_fault_without_us_for_urls(tmp_path, server):
    """torch.hub executes what it downloads, in every release."""
    save(Payload(tmp_path / 'made'), server.folder / 'a.pth')
    torch.hub.load_state_dict_from_url(
        server.url + '/a.pth', model_dir=str(tmp_path), progress=False
    )
    assert (tmp_path / 'made').exists()


@formats
def test_mmengine_loads_what_it_saves(way, tmp_path, as_zip):
    saved = trained_checkpoint()
    path = save(saved, tmp_path / 'a.pth', as_zip)
    loaded = mmengine_checkpoint._load_checkpoint(path, map_location='cpu')
    meta, expected = (c['meta']['dataset_meta'] for c in (loaded, saved))
    for key, value in expected.items():
        np.testing.assert_array_equal(meta[key], value)
        assert meta[key].dtype == value.dtype
        assert type(meta[key]) is type(value)
    history = loaded['message_hub']['log_scalars']['train/loss']
    assert type(history) is HistoryBuffer
    assert history.statistics('mean') == 0.375
    history.update(0.75)
    assert history.statistics('mean') == 0.5
    assert loaded['state_dict']['weight'].tolist() == [0, 1, 2]


@formats
def test_released_0_x_checkpoint(way, tmp_path, as_zip):
    """Text in ``meta``, weights in ``state_dict``, nothing else."""
    saved = dict(
        meta=dict(mmpose_version='0.18.0', config='channel_cfg = 1', epoch=60),
        state_dict=OrderedDict({'fc.weight': torch.ones(2, 3)}),
    )
    path = save(saved, tmp_path / 'a.pth', as_zip)
    model = torch.nn.Sequential(OrderedDict(fc=torch.nn.Linear(3, 2)))
    load_checkpoint(model, path, map_location='cpu')
    assert model.fc.weight.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize('core', ['numpy.core', 'numpy._core'])
def test_arrays_of_either_numpy(way, tmp_path, core):
    path = save(dict(a=np.arange(3.0), b=np.float32(2)), tmp_path / 'a.pth')
    renamed = tmp_path / 'b.pth'
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(renamed, 'w') as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith('data.pkl'):
                assert b'core.multiarray' in data
                data = data.replace(b'numpy._core.', b'numpy.core.')
                data = data.replace(b'numpy.core.', f'{core}.'.encode())
            new.writestr(name, data)
    loaded = checkpoints.load(renamed)
    assert loaded['a'].tolist() == [0, 1, 2] and loaded['b'] == 2


@pytest.fixture(params=['weights_only', 'restricted'])
def way(request, monkeypatch):
    """Both ways of reading: that of torch >= 2.6, and ours below."""
    if request.param == 'restricted':
        monkeypatch.setattr(checkpoints, '_HAS_NAMED_GLOBALS', False)
    elif not TORCH_26:
        pytest.skip('torch < 2.6 has not this way')


@formats
def test_other_objects_are_refused_and_not_executed(way, tmp_path, as_zip):
    path = save(dict(state_dict={}, extra=Payload(tmp_path / 'made')), tmp_path / 'a.pth', as_zip)
    with pytest.raises(
        ValueError,
        match=r'a\.pth: it holds the object '
        r'(_?io|builtins)\.open',
    ):
        mmengine_checkpoint._load_checkpoint(path)
    assert not (tmp_path / 'made').exists()


class Call:
    """Pickles as a call, and a state for what it gives."""

    def __init__(self, function, args, state=None):
        self.reduced = function, args, state

    def __reduce__(self):
        return self.reduced[: 2 if self.reduced[2] is None else 3]


@pytest.mark.parametrize(
    'owner,name',
    [
        (HistoryBuffer, 'register_statistics'),
        (HistoryBuffer, '__init__'),
        (np.ndarray, 'tofile'),
        (OrderedDict, 'fromkeys'),
    ],
)
def test_getattr_reaches_the_four_statistics_only(way, tmp_path, owner, name):
    path = save(Call(getattr, (owner, name)), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='refused.*builtins.getattr'):
        checkpoints.load(path)


@pytest.mark.parametrize(
    'array',
    [
        np.array(['a', None], dtype=object),
        np.dtype('O'),
        np.zeros(2, [('x', int)]),
        np.array(['2026'], 'M8[Y]'),
    ],
    ids=str,
)
def test_arrays_hold_numbers_and_text_only(way, tmp_path, array):
    with pytest.raises(ValueError, match='refused.*numpy'):
        checkpoints.load(save(array, tmp_path / 'a.pth'))


RECONSTRUCT = np.ones(1).__reduce__()[0]


@pytest.mark.parametrize(
    'shape,data', [((100,), b'8 bytes.'), ((-1, 3), b'8 bytes.'), ((2,), b'8 bytes.')]
)
def test_array_over_memory_that_is_not_its_own(way, tmp_path, shape, data):
    array = Call(RECONSTRUCT, (np.ndarray, (0,), b'b'), (1, shape, np.dtype('u1'), False, data))
    with pytest.raises(ValueError, match='not a complete checkpoint'):
        checkpoints.load(save(array, tmp_path / 'a.pth'))


def test_dtype_changed_after_its_use(way, tmp_path):
    """Widening the items of an array that exists would read beyond it."""
    grown = Call(np.dtype, ('S8', False, True), (3, '|', None, None, None, 4096, 1, 0))
    loaded = checkpoints.load(save(grown, tmp_path / 'a.pth'))
    assert loaded.read(b'8 bytes.').dtype == np.dtype('S8')


def save_pickle(content: bytes, path: Path) -> str:
    """A checkpoint with a pickle written by hand."""
    save({}, path)
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in parts.items():
            if name.endswith('data.pkl'):
                data = content
            archive.writestr(name, data)
    return str(path)


def test_open_file_and_buffer(way, tmp_path):
    """MMEngine's storage backends hand buffers over."""
    path = save(trained_checkpoint(), tmp_path / 'a.pth')
    with open(path, 'rb') as file:
        assert checkpoints.load(file)['meta']['epoch'] == 2
    buffer = io.BytesIO(Path(path).read_bytes())
    assert checkpoints.load(buffer)['meta']['epoch'] == 2


def test_functions_cannot_be_changed(way, tmp_path):
    """BUILD on a function would set its attributes for the process."""
    content = (
        b'\x80\x02ctorch._utils\n_rebuild_tensor_v2\n'
        b'}X\x08\x00\x00\x00__name__X\x01\x00\x00\x00xsb.'
    )
    path = save_pickle(content, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='a.pth'):
        checkpoints.load(path)
    assert torch._utils._rebuild_tensor_v2.__name__ == '_rebuild_tensor_v2'


class Script(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


def test_torchscript_is_refused(way, tmp_path):
    """An archive of code: ``torch.load`` would hand it to ``torch.jit``."""
    torch.jit.script(Script()).save(str(tmp_path / 'a.pth'))
    with pytest.raises(ValueError, match='a.pth'):
        checkpoints.load(tmp_path / 'a.pth')


def test_config_texts_are_left_out(way, tmp_path):
    """MMEngine would execute them on resuming and in inferencers."""
    text = 'import os'
    path = save(
        dict(
            meta=dict(config=text, cfg=text, epoch=3),
            message_hub=dict(runtime_info=dict(cfg=text, iter=7)),
        ),
        tmp_path / 'a.pth',
    )
    assert checkpoints.load(path) == dict(
        meta=dict(epoch=3), message_hub=dict(runtime_info=dict(iter=7))
    )


def test_switch_executes(tmp_path, monkeypatch):
    path = save(Payload(tmp_path / 'made'), tmp_path / 'a.pth')
    monkeypatch.setenv(checkpoints.UNSAFE_SWITCH, '1')
    checkpoints.load(path)
    assert (tmp_path / 'made').exists()


@pytest.mark.parametrize('size', [0, 100, -10])
def test_cut_off_file(way, tmp_path, size):
    path = Path(save(trained_checkpoint(), tmp_path / 'a.pth'))
    path.write_bytes(path.read_bytes()[:size])
    assert_no_checkpoint(path)


@pytest.mark.parametrize('content', [b'', b'<html>404</html>', b'\x80\x02.'])
def test_file_that_is_no_checkpoint(way, tmp_path, content):
    (tmp_path / 'a.pth').write_bytes(content)
    assert_no_checkpoint(tmp_path / 'a.pth')


def assert_no_checkpoint(path: Path) -> None:
    """A damaged file is no reason to execute one."""
    with pytest.raises(ValueError, match='is not a complete') as raised:
        checkpoints.load(path)
    assert str(path) in str(raised.value)
    assert checkpoints.UNSAFE_SWITCH not in str(raised.value)


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    return Path(save(trained_checkpoint(), tmp_path_factory.mktemp('whole') / 'a.pth'))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_gives_data_or_a_value_error(way, whole, data):
    content = bytearray(whole.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255))
    damaged = whole.with_name('b.pth')
    damaged.write_bytes(content)
    try:
        checkpoints.load(damaged)
    except ValueError as error:
        assert str(damaged) in str(error)


def test_url_is_loaded_as_data_and_cached(tmp_path, server, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    save(trained_checkpoint(), server.folder / 'good.pth')
    save(Payload(tmp_path / 'made'), server.folder / 'bad.pth')
    load = partial(mmengine_checkpoint._load_checkpoint, map_location='cpu')
    for _ in range(2):
        loaded = load(server.url + '/good.pth')
        assert loaded['state_dict']['weight'].tolist() == [0, 1, 2]
        (server.folder / 'good.pth').unlink(missing_ok=True)
    with pytest.raises(ValueError, match='refused to load .*bad.pth'):
        load(server.url + '/bad.pth')
    assert not (tmp_path / 'made').exists()


def test_everybody_elses_torch_is_left_alone():
    assert torch.load is not checkpoints.load
    assert mmengine_checkpoint.torch.nn is torch.nn


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / 'served'
    folder.mkdir()
    with serving(folder) as url:
        yield SimpleNamespace(folder=folder, url=url)
