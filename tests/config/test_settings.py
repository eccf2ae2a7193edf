"""Settings: the command line over the environment over the file; problems are sentences."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.config.settings import (
    SETTING_TYPES,
    Config,
    Settings,
    config_from,
    read_config,
    settings_from,
    user_folders,
)


def settle(
    config: Any = None, *, host: str | None = None, environ: Any = None, **options: Any
) -> Settings:
    file = config if isinstance(config, Config) else config_from(config or {}, {})
    return settings_from(host=host, options=options, environ=environ or {}, config=file)


def problems(settings: Settings) -> list[str]:
    return [problem.sentence for problem in settings.config_problems]


def test_nothing_said_means_the_usual() -> None:
    assert settle() == Settings()
    assert settle().host.url == "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("host", "environ", "config", "url"),
    [
        ("one:1", {"OLLAMA_HOST": "two:2"}, {"host": "three:3"}, "http://one:1"),
        (None, {"OLLAMA_HOST": "two:2"}, {"host": "three:3"}, "http://two:2"),
        (None, {}, {"host": "three:3"}, "http://three:3"),
        (None, {"OLLAMA_HOST": ""}, {"host": "three:3"}, "http://three:3"),
    ],
)
def test_the_nearest_address_wins(
    host: str | None, environ: dict[str, str], config: dict[str, str], url: str
) -> None:
    assert settle(config, host=host, environ=environ).host.url == url


def test_options_win_over_the_file_and_absent_ones_do_not() -> None:
    file = {"theme": "ollama-light", "read_only": True}
    assert settle(file, theme="ollama-dark").theme == "ollama-dark"
    assert settle(file, theme=None).theme == "ollama-light"
    assert settle(file, read_only=False).read_only is True


def test_the_key_comes_from_the_environment_only_and_is_never_shown() -> None:
    settings = settle(environ={"OLLAMA_API_KEY": "hunter2"})
    assert settings.api_key == "hunter2"
    assert "hunter2" not in repr(settings)
    assert settle({"api_key": "hunter2"}).api_key is None


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("grace", "long", "a number from 0 to 600"),
        ("grace", -1, "a number from 0 to 600"),
        ("grace", True, "a number from 0 to 600"),
        ("parallel", 0, "a whole number from 1 to 16"),
        ("parallel", 1.5, "a whole number from 1 to 16"),
        ("reverse", "yes", "true or false"),
        ("theme", 3, "the name of a theme in quotes"),
        ("hosts", "gpu-box", "a list of addresses"),
        ("hosts", ["me:pw@gpu-box"], "a list of addresses"),
        ("host", ["x"], "an address in quotes"),
        ("columns", "name", "a list of texts"),
        ("columns", ["name", 3], "a list of texts"),
        ("insecure", "box.lan:5000", "a list of texts"),
        ("keys", {"model.pull": 3}, "a table of texts"),
    ],
)
def test_a_wrong_value_is_one_sentence_and_the_rest_is_used(
    key: str, value: Any, wrong: str
) -> None:
    settings = settle({key: value, "sort": "size"})
    [sentence] = problems(settings)
    assert sentence.startswith(f"config.toml: {key} must be {wrong}")
    assert sentence.endswith(".")
    assert settings.sort == "size"


def test_a_setting_that_does_not_exist_is_said() -> None:
    assert problems(settle({"colour": "red"})) == ["config.toml: there is no setting “colour”."]
    assert problems(settle({"memory": "24g"})) == [
        'config.toml: memory belongs in the table of a server, such as [hosts."gpu-box:11434"].'
    ]


def test_a_file_that_is_none_says_why_and_the_program_starts(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert settle(read_config(file)) == Settings()
    file.write_text('theme = "x"\nhost = \n')
    [said] = problems(settle(read_config(file)))
    assert "line 2" in said
    file.write_bytes(b"\xff\xfe")
    [said] = problems(settle(read_config(file)))
    assert "is not UTF-8 text" in said


def test_a_problem_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('# mine\nsort = "size"\n\ngrace = "long"\n[keys]\n"model.pull" = 3\n')
    settings = settle(read_config(file))
    assert settings.sort == "size"
    grace, keys = problems(settings)
    assert grace.startswith("config.toml, line 4: grace must be a number")
    assert keys.startswith("config.toml, line 5: keys must be a table")


def test_filters_are_saved_by_name_and_one_that_is_none_names_line_and_field(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'sort = "name"\n[filters]\nBig = "size:>8g"\n"sort" = "sise:3"\n"a b" = "qwen"\n'
    )
    settings = settle(read_config(file))
    assert settings.filters == (("big", "size:>8g"),)
    assert problems(settings) == [
        "config.toml, line 4: filters.sort is not a filter: “sise:3”: "
        "There is no field “sise”. Did you mean size:3g?",
        "config.toml, line 5: filters.a b is not a filter: "
        "its name may hold letters, digits, - and _ only.",
    ]


def test_filters_that_are_no_table_of_texts_are_one_problem(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[filters]\nbig = 8\n")
    assert problems(settle(read_config(file))) == [
        'config.toml, line 1: filters must be a table of texts, such as "big" = "size:>8g".',
    ]


def test_a_host_with_a_password_is_refused() -> None:
    with pytest.raises(ValueError, match="user name or password"):
        settle(host="http://me:secret@example.org")


def test_the_folders_are_those_of_the_user() -> None:
    assert user_folders().config_file.name == "config.toml"
    assert "ollama-tui" in str(user_folders().cache)


def test_the_file_sets_nothing_that_there_is_not() -> None:
    there = {field.name for field in fields(Settings)} | {"read_only"}
    assert set(SETTING_TYPES) <= there
