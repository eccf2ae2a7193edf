"""A new config.toml has every setting with its usual value, and sets none of them."""

from __future__ import annotations

import re
import tomllib

from ollama_tui.config.hosts import NamedHost
from ollama_tui.config.settings import SETTING_TYPES, Settings, config_from, settings_from
from ollama_tui.config.template import template
from ollama_tui.domain.columns import COLUMNS, WIDE
from ollama_tui.domain.memory.available import GIB


def uncommented() -> str:
    """Return the template with every setting in use."""
    return re.sub(r'^# (?=[a-z"][\w".]* = )', "", template(), flags=re.MULTILINE)


def test_a_new_file_sets_nothing() -> None:
    assert tomllib.loads(template()) == {"keys": {}, "filters": {}}


def test_it_shows_every_setting_with_its_usual_value() -> None:
    values = tomllib.loads(uncommented())
    assert values.keys() == SETTING_TYPES.keys()
    config = config_from(values, {})
    assert config.problems == ()
    settings = settings_from(host=None, options={}, environ={}, config=config)
    usual = Settings(theme="ollama-dark", columns=WIDE)
    for name in SETTING_TYPES.keys() - {"keys", "filters"}:
        assert getattr(settings, name) == getattr(usual, name), name


def test_its_table_of_a_server_can_be_used_too() -> None:
    text = re.sub(r"^#   (?=\S)", "", template(), flags=re.MULTILINE)
    config = config_from(tomllib.loads(text), {})
    assert config.problems == ()
    prod = NamedHost("prod", "gpu-box:11434", read_only=True, memory=24 * GIB, ram=64 * GIB)
    assert config.values["hosts"] == (prod,)


def test_it_names_every_column() -> None:
    assert [column.key for column in COLUMNS if column.key not in template()] == []
