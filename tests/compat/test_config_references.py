# SPDX-License-Identifier: Apache-2.0
import copy
import pickle

import pytest
from conftest import run_python
from mmengine.config import Config

from mmpose_face.compat.config_references import as_written, brought_up_to_date, written_name

BASE = """
size = (8, 6)
codec = dict(type='Codec', size='${size}', cells='${codec.size // 2}')
flip = dict(type='Flip', prob=.5)
steps = [dict(type='Load'), '${flip}', dict(type='Encode', by='${codec}')]
model = dict(head=dict(decoder='${codec}', first='${size.0}'))
loaders = dict(train=dict(steps='${steps}'), test=dict(steps=['${flip}']))
"""
LAZY = 'from mmengine.config import read_base\n'


@pytest.fixture
def cfg(tmp_path) -> Config:
    path = tmp_path / 'base.py'
    path.write_text(BASE)
    return Config.fromfile(path)


def test_the_fault_without_us(tmp_path):
    """A base's copy does not follow the variable. When it does, this module
    can go."""
    (tmp_path / 'base.py').write_text(LAZY + 'codec = dict(sigma=1)\nmodel = dict(decoder=codec)\n')
    (tmp_path / 'child.py').write_text(
        LAZY + 'with read_base():\n    from .base import *\ncodec.update(sigma=2)\n'
    )
    cfg = Config.fromfile(tmp_path / 'child.py')
    assert (cfg.codec.sigma, cfg.model.decoder.sigma) == (2, 1)


def test_values(cfg):
    codec = dict(type='Codec', size=(8, 6), cells=(4, 3))
    assert cfg.codec == cfg.model.head.decoder == codec
    assert cfg.model.head.first == 8
    assert cfg.loaders.train.steps == [
        dict(type='Load'),
        dict(type='Flip', prob=0.5),
        dict(type='Encode', by=codec),
    ]
    # Copies, as where a base writes a variable twice.
    assert cfg.model.head.decoder is not cfg.codec


def test_a_child_changes_all_places(tmp_path):
    (tmp_path / 'base.py').write_text(LAZY + BASE)
    (tmp_path / 'child.py').write_text(
        LAZY + 'with read_base():\n    from .base import *\n'
        "size = (4, 4)\ncodec.update(type='Other')\nflip['prob'] = 0\n"
    )
    cfg = Config.fromfile(tmp_path / 'child.py')
    expected = dict(type='Other', size=(4, 4), cells=(2, 2))
    assert cfg.model.head.decoder == expected
    assert cfg.loaders.train.steps[2].by == expected
    assert cfg.loaders.test.steps[0].prob == 0


def test_a_child_in_text(tmp_path):
    """MMEngine's older way, also of a file that was dumped."""
    (tmp_path / 'base.py').write_text(BASE)
    Config.fromfile(tmp_path / 'base.py').dump(tmp_path / 'dumped.py')
    (tmp_path / 'child.py').write_text("_base_ = 'dumped.py'\nsize = (2, 2)\n")
    assert Config.fromfile(tmp_path / 'child.py').codec.cells == (1, 1)


@pytest.mark.parametrize(
    'options,found',
    [
        ({'size': (2, 4)}, dict(size=(2, 4), cells=(1, 2))),
        ({'codec.size': (2, 4)}, dict(size=(2, 4), cells=(1, 2))),
        ({'codec.type': 'Other'}, dict(type='Other')),
    ],
)
def test_options_reach_all_places(cfg, options, found):
    cfg.merge_from_dict(options)
    for place in (cfg.codec, cfg.model.head.decoder, cfg.loaders.train.steps[2].by):
        assert dict(place, **found) == place


def test_options_of_one_place(cfg):
    cfg.merge_from_dict({'model.head.decoder.size': (2, 2), 'loaders.train.steps.1.prob': 0.0})
    assert cfg.model.head.decoder.size == (2, 2)
    # It stands in a copy of the codec, whose cells follow the codec's size.
    assert cfg.model.head.decoder.cells == (4, 3)
    assert [step.get('prob') for step in cfg.loaders.train.steps] == [None, 0.0, None]
    assert cfg.codec.size == (8, 6)
    assert cfg.flip.prob == cfg.loaders.test.steps[0].prob == 0.5
    cfg.merge_from_dict({'size': (4, 4), 'flip.prob': 1.0})
    assert cfg.model.head.decoder.size == (2, 2)
    assert cfg.loaders.train.steps[1].prob == 0
    assert cfg.loaders.test.steps[0].prob == 1
    assert cfg.loaders.train.steps[2].by.size == (4, 4)


def test_dictionaries_as_options(cfg):
    """Merged into what stands there, as MMEngine does, whatever leads to
    it."""
    options = {'model.head': dict(decoder=dict(type='Other'))}
    cfg.merge_from_dict(options)
    assert cfg.model.head.decoder == dict(type='Other', size=(8, 6), cells=(4, 3))
    cfg.merge_from_dict({'codec': dict(_delete_=True, size=(2, 2))})
    assert cfg.codec == cfg.loaders.train.steps[2].by == dict(size=(2, 2))
    assert options == {'model.head': dict(decoder=dict(type='Other'))}


def test_a_reference_as_an_option(cfg):
    cfg.merge_from_dict({'other': 1, 'model.head.first': '${other}'})
    assert cfg.model.head.first == 1


def test_changes_by_hand(cfg):
    """Followed when the config is used; what stands in the place of a
    reference stays."""
    cfg.flip.prob = 1.0
    cfg.model.head.decoder.size = (2, 2)
    new = brought_up_to_date(cfg)
    assert new.loaders.train.steps[1].prob == 1
    assert new.model.head.decoder.size == (2, 2)
    assert new.loaders.train.steps[2].by.size == (8, 6)
    assert cfg.loaders.train.steps[1].prob == 0.5  # the given one stays


def test_dump_says_what_was_written(cfg, tmp_path):
    cfg.merge_from_dict({'size': (4, 4)})
    cfg.dump(tmp_path / 'dumped.py')
    text = (tmp_path / 'dumped.py').read_text()
    assert "decoder='${codec}'" in text
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


@pytest.mark.parametrize(
    'copied', [copy.copy, copy.deepcopy, as_written, lambda cfg: pickle.loads(pickle.dumps(cfg))]
)
def test_copies(cfg, copied):
    new = copied(cfg)
    if copied is as_written:
        assert new.model.head.decoder == '${codec}'
        new = brought_up_to_date(new)
    assert new.to_dict() == cfg.to_dict()


def test_names(cfg):
    names = {
        ('model', 'head', 'decoder', 'type'): 'codec.type',
        ('model', 'head', 'decoder', 'size'): 'size',
        ('loaders', 'train', 'steps', 1, 'prob'): 'flip.prob',
        ('loaders', 'train', 'steps', 0, 'type'): 'steps.0.type',
        ('loaders', 'train', 'steps', 2, 'by', 'cells'): 'codec.cells',
        ('model', 'other'): 'model.other',
    }
    for path, name in names.items():
        assert written_name(cfg, path) == name


def test_a_variable_that_is_missing():
    """A part of a config stays as it is; a whole one is refused."""
    cfg = Config(dict(dataset=dict(scheme='${scheme}')))
    assert cfg.dataset.scheme == '${scheme}'
    with pytest.raises(ValueError, match=r'dataset\.scheme is \$\{scheme\}'):
        brought_up_to_date(cfg)
    cfg.merge_from_dict({'scheme': 'wflw98'})
    assert brought_up_to_date(cfg).dataset.scheme == 'wflw98'


@pytest.mark.parametrize(
    'content,message',
    [
        (dict(a='${b}', b='${a}'), 'in a circle'),
        (dict(a=dict(b='${a}')), 'in a circle'),
        (dict(a=7, b='${a // 2}'), 'multiples of 2, got 7'),
        (dict(a='x', b='${a // 2}'), "multiples of 2, got 'x'"),
    ],
)
def test_what_cannot_be(content, message):
    with pytest.raises(ValueError, match=message):
        Config(content)


@pytest.mark.parametrize('text', ['$x', '${x}y', 'a ${x}', '{{x}}', '${}'])
def test_other_text_stays(text):
    assert Config(dict(x=1, y=text)).y == text


def test_classes_are_not_imported_for_it(tmp_path):
    """Reading a config imports what it names no sooner than MMEngine does."""
    (tmp_path / 'cfg.py').write_text(
        LAZY + 'from somewhere import Codec\n'
        "codec = dict(type=Codec)\nmodel = dict(decoder='${codec}')\n"
    )
    cfg = Config.fromfile(tmp_path / 'cfg.py')
    assert cfg.to_dict()['model'] == dict(decoder=dict(type='somewhere.Codec'))


def test_without_the_package_imported(tmp_path):
    """Where MMEngine reads a config of ours, it is taught on the way."""
    (tmp_path / 'child.py').write_text(
        LAZY + 'with read_base():\n'
        '    from mmpose_face.configs._base_.default_runtime import *\n'
        "a = 1\nb = '${a}'\n"
    )
    (tmp_path / 'text.py').write_text(
        "custom_imports = dict(imports=['mmpose_face'])\na = 1\nb = '${a}'\n"
    )
    run_python(
        '-c',
        'from mmengine.config import Config\n'
        'import sys; assert "mmpose_face" not in sys.modules\n'
        'assert Config.fromfile(sys.argv[1]).b == 1',
        tmp_path / 'text.py',
    )
    run_python(
        '-c',
        'from mmengine.config import Config\n'
        'import sys; assert "mmpose_face" not in sys.modules\n'
        'assert Config.fromfile(sys.argv[1]).b == 1',
        tmp_path / 'child.py',
    )
