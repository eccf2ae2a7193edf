"""A sample of the mutated replies, for each recording: `python -m tests.faults` takes them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.api.errors import NotOllama, OllamaError
from tests.faults.bench import NAMES, Findings, reply_of, run, summary
from tests.faults.mutations import MUTATIONS, chosen, mutated
from tests.faults.shown import acts

EACH = 20
"""Mutations of each recording."""
GROUPS = 12
"""Tests that the recordings are spread over, so that they can run side by side."""
SAMPLE = ("tags", "show", "pull-stream", "create-from-missing-base", "registry-list")


@pytest.mark.parametrize("group", range(GROUPS))
async def test_whatever_is_answered_only_our_errors_and_inert_texts_come_out(
    group: int, tmp_path: Path
) -> None:
    findings = Findings()
    for name in NAMES[group::GROUPS]:
        findings.add(await run(name, EACH, tmp_path))
    assert findings.failures == []
    assert findings.count > EACH * len(NAMES) // GROUPS // 2, summary(findings)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_name_makes_the_same_reply_again(name: str) -> None:
    every = list(chosen(reply_of(name), 60))
    assert [mutated(reply_of(name), kind, number) for kind, number in every] == [
        mutated(reply_of(name), kind, number) for kind, number in every
    ]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("kind", MUTATIONS)
def test_every_kind_of_mutation_changes_replies(kind: str) -> None:
    replies = [reply_of(name) for name in SAMPLE]
    made = [mutated(reply, kind, number) for reply in replies for number in range(3)]
    assert any(one not in replies for one in made)


def test_with_room_a_reply_is_cut_at_each_of_its_bytes() -> None:
    reply = reply_of("version")
    cut = [number for kind, number in chosen(reply, 100_000) if kind == "truncated"]
    assert cut == list(range(len(reply.body) + 1))


async def test_the_bench_finds_what_it_is_for() -> None:
    async def answer(value: object) -> object:
        if isinstance(value, Exception):
            raise value
        return value

    findings = Findings()
    await findings.take("a/kind#1", answer("fine \x1b[31m"))
    assert findings.failures == []
    await findings.take("b/kind#1", answer(OllamaError("bad \x1b[31m.")))
    await findings.take("c/kind#1", answer(ValueError("oops")))
    await findings.take("d/kind#1", answer(NotOllama(" ")))
    assert [failure.split(":")[0] for failure in findings.failures] == [
        "b/kind#1", "c/kind#1", "d/kind#1",
    ]  # fmt: skip
    assert findings.outcomes == {
        "client: an answer": 1,
        "client: OllamaError": 1,
        "client: ! ValueError": 1,
        "client: NotOllama": 1,
    }


@pytest.mark.parametrize("text", ["\x1b", "\n", "\x7f", "\x9b", "\u202e", "\u2066", "\u200f"])
def test_what_acts_on_a_terminal_is_known(text: str) -> None:
    assert acts(f"a{text}b") == text
    assert acts("qwen3:8b … é 👍") == ""
