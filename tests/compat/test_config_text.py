# SPDX-License-Identifier: Apache-2.0
from types import SimpleNamespace

from conftest import RES18_300W
from mmengine.config import Config
from yapf.yapflib.yapf_api import FormatCode

from mmpose_face.compat import config_text


def module_of(calls):
    def format_code(text, style_config, **more):
        calls.append((text, style_config, more))
        return FormatCode(text, style_config=style_config, **more)

    return SimpleNamespace(FormatCode=format_code)


def test_a_text_is_formatted_once():
    calls = []
    module = module_of(calls)
    config_text.install(module)
    style = dict(based_on_style='pep8')
    made = [module.FormatCode('a  =  1\n', style_config=style)[0] for _ in range(3)]
    assert made == ['a = 1\n'] * 3
    assert calls == [('a  =  1\n', style, {})]
    module.FormatCode('a  =  2\n', style_config=style)
    module.FormatCode('a  =  1\n', style_config=dict(based_on_style='google'))
    assert len(calls) == 3


def test_configs_ask_for_it(monkeypatch):
    """The fault: without this a config formats the same text each time."""
    calls = []
    module = module_of(calls)
    monkeypatch.setattr('mmengine.config.config.FormatCode', module.FormatCode)
    cfg = Config(dict(a=1))
    assert cfg.pretty_text == cfg.pretty_text
    assert len(calls) == 2
    config_text.install(module)
    monkeypatch.setattr('mmengine.config.config.FormatCode', module.FormatCode)
    assert Config.fromfile(RES18_300W).dump() == Config.fromfile(RES18_300W).dump()
    assert len(calls) == 3
