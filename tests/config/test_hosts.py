"""The servers of config.toml: a list of addresses or a table for each; which are read-only."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.host import parse_host
from ollama_tui.config.hosts import NamedHost, hosts_from, place_of
from ollama_tui.config.settings import (
    Settings,
    config_from,
    read_config,
    setting_lines,
    settings_from,
)
from ollama_tui.config.template import template
from ollama_tui.config.ui_state import MOST_HOSTS, UIState
from ollama_tui.domain.memory.available import GIB
from tests.readme import README

PROD = """\
[hosts.prod]
address = "gpu-box:11434"
read_only = true
"""


def read(
    text: str, *, host: str | None = None, environ: dict[str, str] | None = None, **options: Any
) -> Settings:
    config = config_from(tomllib.loads(text), setting_lines(text))
    return settings_from(host=host, options=options, environ=environ or {}, config=config)


def problems(settings: Settings) -> list[str]:
    return [problem.sentence.removeprefix("config.toml, ") for problem in settings.config_problems]


def test_a_list_of_addresses_is_as_before() -> None:
    settings = read('hosts = ["gpu-box", "10.0.0.7:11434"]')
    assert [named.host.url for named in settings.hosts] == [
        "http://gpu-box:11434",
        "http://10.0.0.7:11434",
    ]
    assert not settings.config_problems


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (PROD, [NamedHost("prod", "gpu-box:11434", True)]),
        ("[hosts.gpu-box]", [NamedHost("gpu-box")]),
        ('[hosts."10.0.0.7:1"]\nread_only = true', [NamedHost("10.0.0.7:1", "", True)]),
        ('[hosts]\nprod = {address = "a"}', [NamedHost("prod", "a")]),
        ('hosts.prod.address = "a"\nhosts.b.read_only = false',
         [NamedHost("prod", "a"), NamedHost("b")]),
        ('[hosts.box]\nmemory = "24g"\nram = "64 GiB"',
         [NamedHost("box", memory=24 * GIB, ram=64 * GIB)]),
        ("[hosts]", []),
        ("hosts = []", []),
    ],
)  # fmt: skip
def test_servers_have_tables(text: str, hosts: list[NamedHost]) -> None:
    settings = read(text)
    assert (list(settings.hosts), problems(settings)) == (hosts, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sort = 'size'\nhosts = 3", "line 2: hosts must be a list of addresses"),
        ('hosts = ["me:pw@box"]', "line 1: hosts must be a list of addresses"),
        ("[[hosts]]\naddress = 'a'", ": hosts must be a list of addresses"),
        (
            "[hosts]\nprod = 'box'",
            "line 2: hosts.prod must be a table with address, read_only, memory or ram.",
        ),
        (
            PROD + "colour = 3",
            "line 4: hosts.prod has no setting “colour”, only address, read_only, memory and ram.",
        ),
        ("[hosts.prod]\n\naddress = 3", "line 3: hosts.prod.address must be an address in quotes."),
        ("[hosts.prod]\naddress = ' '", "line 2: hosts.prod.address must be an address in quotes."),
        ("[hosts.prod]\naddress = 'me:pw@box'", "line 2: hosts.prod.address: An address cannot"),
        ("[hosts.prod]\naddress = 'ftp://box'", "line 2: hosts.prod.address: Only http://"),
        ("\n[hosts.'my box']\nread_only = true", "line 2: hosts.my box needs an address, as its"),
        ("[hosts.'']\nread_only = true", "line 1: hosts..address must be an address"),
        ("[hosts.box.lan]\nread_only = true", "line 1: hosts.box: a name with dots stands in quo"),
        ("hosts.prod = {addres = 'a'}", "line 1: hosts.prod has no setting “addres”"),
        ("hosts.prod.addres = 'a'", "line 1: hosts.prod has no setting “addres”"),
        ("[ hosts . 'prod' ]\n addres = 'a'", "line 2: hosts.prod has no setting “addres”"),
        ("[hosts.prod]\nread_only = 'no'", "line 2: hosts.prod.read_only must be true or false;"),
        (
            "[hosts.box]\nmemory = 24",
            'line 2: hosts.box.memory: Write memory in quotes, such as "24g".',
        ),
        (
            "[hosts.box]\nram = 'lots'",
            "line 2: hosts.box.ram: Write memory as a number with its unit,",
        ),
        (
            "[hosts.box]\nmemory = '0g'",
            "line 2: hosts.box.memory: That is too little memory: write an",
        ),
        (
            "[hosts.box]\nmemory = '-4g'",
            "line 2: hosts.box.memory: Write memory as a number with its",
        ),
        ('[hosts."\\u001b"]\naddress = 3', ": hosts.�.address must be an address in quotes."),
    ],
)
def test_what_cannot_be_used_names_its_line_and_the_rest_is_used(text: str, said: str) -> None:
    settings = read(f"{text}\n[filters]\nbig = 'size:>8g'\n")
    [sentence] = problems(settings)
    assert said in sentence
    assert sentence.endswith(".")
    assert settings.filters == (("big", "size:>8g"),)


def test_a_wrong_table_leaves_the_others() -> None:
    settings = read(f"{PROD}[hosts.dev]\naddress = 3\n[hosts.box]\n")
    assert [named.name for named in settings.hosts] == ["prod", "box"]


@pytest.mark.parametrize(
    "text", ["read_only = 'yes'", "[hosts.here]\naddress = 'localhost'\nread_only = 'no'"]
)
def test_read_only_that_is_neither_true_nor_false_protects(text: str) -> None:
    settings = read(text)
    assert settings.read_only
    assert "until it is, it counts as true." in problems(settings)[0]


@pytest.mark.parametrize("protected", [PROD, "read_only=true\n", "hosts = {a = {read_only = true"])
def test_a_file_that_is_not_valid_still_protects(protected: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'sort = "size"\n{protected}\nhost = \n')
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    assert settings.read_only_reason == "config.toml sets read_only"
    [problem] = settings.config_problems
    assert "so only its read_only, for every server, was used: " in problem.sentence
    assert settings.sort == "modified"


@pytest.mark.parametrize("text", ["# read_only = true\n", "read_only = false\n", template()])
def test_one_that_protects_nothing_does_not(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"{text}\nhost = \n")
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    assert not settings.read_only
    assert "so none of it was used: " in settings.config_problems[0].sentence


LEAVES = st.text() | st.integers() | st.booleans()
KEYS = st.text() | st.sampled_from(["address", "read_only"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(VALUES)
def test_whatever_stands_there_is_read_or_said(value: Any) -> None:
    hosts, found = hosts_from(value)
    assert [named for named in hosts if not named.host.url] == []
    assert [problem.sentence for problem in found if "\n" in problem.sentence] == []


@pytest.mark.parametrize(
    ("host", "environ", "file", "url"),
    [
        ("prod", "", "", "http://gpu-box:11434"),
        (" PROD ", "", "", "http://gpu-box:11434"),
        ("prod", "two:2", 'host = "three:3"\n', "http://gpu-box:11434"),
        (None, "", 'host = "prod"\n', "http://gpu-box:11434"),
        (None, "prod", 'host = "three:3"\n', "http://prod:11434"),
        ("http://prod", "", "", "http://prod:80"),
        ("prod:1", "", "", "http://prod:1"),
    ],
)
def test_a_name_stands_for_its_address_where_the_file_may_say_so(
    host: str | None, environ: str, file: str, url: str
) -> None:
    settings = read(file + PROD, host=host, environ={"OLLAMA_HOST": environ})
    assert settings.host.url == url
    assert settings.read_only is (url == "http://gpu-box:11434")


@pytest.mark.parametrize(
    ("address", "other", "is_same"),
    [
        ("gpu-box", "http://GPU-box.:11434/", True),
        ("gpu-box", "gpu-box:1", False),
        ("gpu-box", "https://gpu-box:11434", False),
        ("gpu-box/a", "gpu-box/b", False),
        ("localhost", "127.0.0.1", True),
        ("localhost", "[::1]", True),
        ("", "0.0.0.0", True),
        ("localhost", "127.0.0.1:11500", False),
        ("ollama.com", "https://ollama.com", True),
    ],
)
def test_addresses_of_one_server(address: str, other: str, is_same: bool) -> None:
    named = NamedHost("x", address or "127.0.0.1")
    assert (named.place == place_of(parse_host(other))) is is_same


def test_the_strictest_of_two_tables_for_one_server_counts() -> None:
    for text in (f"[hosts.gpu-box]\n{PROD}", f"{PROD}[hosts.gpu-box]\n"):
        settings = read(text, host="gpu-box")
        assert settings.read_only_reason == "config.toml sets read_only for prod"


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        (PROD, {}, ""),
        (PROD, {"read_only": True}, "started with --read-only"),
        (f"read_only = true\n{PROD}", {}, "config.toml sets read_only"),
        (f"read_only = false\n{PROD}", {"read_only": True}, "started with --read-only"),
        (f"read_only = true\n{PROD}", {"read_only": True}, "started with --read-only"),
        (f"read_only = false\nhost = 'prod'\n{PROD}", {}, "config.toml sets read_only for prod"),
    ],
)
def test_the_reason_is_the_true_one(text: str, options: dict[str, Any], reason: str) -> None:
    settings = read(text, **options)
    assert settings.read_only_reason == reason
    assert settings.read_only is bool(reason)


def test_servers_of_the_settings_are_offered_however_many_are_remembered() -> None:
    remembered = tuple(f"http://old-{number}:11434" for number in range(MOST_HOSTS))
    state = UIState(hosts=remembered)
    assert state.hosts_over(Settings()) == remembered
    settings = read(f"{PROD}[hosts.old-8]\n")
    assert state.hosts_over(settings) == (
        *remembered[: MOST_HOSTS - 2],
        "http://old-8:11434",
        "http://gpu-box:11434",
    )


def test_the_readme_shows_a_file_without_a_mistake() -> None:
    text = README.read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    settings = read(shown)
    assert problems(settings) == []
    assert settings.hosts == (NamedHost("prod", "gpu-box:11434", True, 24 * GIB),)
