"""What a version of Ollama can do, in words; and that the README says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api import requests
from ollama_tui.api.features import ADAPTERS, FEATURES, QUANTIZING, RUNNERS, TESTED, Feature
from ollama_tui.api.requests import Endpoint
from tests.readme import README

TOO_OLD = "Choosing among several manifests of a name by runner needs Ollama 0.40 or newer; "
TOO_NEW = "Creating a model with an adapter needs Ollama before 0.34.1; this server is "


@pytest.mark.parametrize(
    ("feature", "version", "problem"),
    [
        (RUNNERS, "0.33.0-rc2", f"{TOO_OLD}this server is 0.33.0-rc2."),
        (RUNNERS, "0.9", f"{TOO_OLD}this server is 0.9."),
        (RUNNERS, "0.40.0", None),
        (RUNNERS, "0.40.0-rc1", None),
        (RUNNERS, "v0.40.2-reconstructed", None),
        (RUNNERS, "1.0", None),
        (RUNNERS, "0.0.0", None),
        (RUNNERS, "", None),
        (RUNNERS, "a build of my own", None),
        (ADAPTERS, "0.34.0", None),
        (ADAPTERS, "0.34.1", f"{TOO_NEW}0.34.1."),
        (ADAPTERS, "0.40.2", f"{TOO_NEW}0.40.2."),
        (ADAPTERS, "0.40.2\x1b[2J", f"{TOO_NEW}0.40.2\ufffd[2J."),
        (QUANTIZING, "0.33.0", None),
    ],
)
def test_a_server_that_cannot_do_it_is_named(
    feature: Feature, version: str, problem: str | None
) -> None:
    assert feature.problem(version) == problem


@given(st.text())
def test_whatever_a_server_calls_its_version_makes_one_line(version: str) -> None:
    for feature in FEATURES:
        assert "\n" not in (feature.problem(version) or "")


def test_a_feature_comes_or_goes() -> None:
    for feature in FEATURES:
        assert bool(feature.since) is not bool(feature.gone)


def test_endpoints_that_came_late_are_rows() -> None:
    endpoints = [value for value in vars(requests).values() if isinstance(value, Endpoint)]
    rows = {endpoint.row for endpoint in endpoints if endpoint.row}
    assert rows
    assert rows <= set(FEATURES)


def test_the_readme_has_every_row_and_the_tested_versions() -> None:
    text = README.read_text(encoding="utf-8")
    shown = [f"| {feature.subject} | {feature.needs} |" for feature in FEATURES]
    section = text.partition("\n## Servers\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| ")][1:] == shown
    assert f"recorded replies of Ollama {' and '.join(TESTED)}" in " ".join(text.split())
