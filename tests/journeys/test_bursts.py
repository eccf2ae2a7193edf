"""Keys that arrive together do what the same keys do one after the other."""

from __future__ import annotations

import os
import random

import pytest

from tests.journeys.bursts import in_random_chunks, one_by_one, outcome

SEEDS = range(int(os.environ.get("BURST_SEEDS", "12")))
"""Random sequences; more are worth their time after a change to what handles keys."""
LENGTH = 20


def keys_of(text: str) -> list[str]:
    """Return the keys of a text in which names longer than a letter stand in <>."""
    keys: list[str] = []
    while text:
        end = text.index(">") if text[0] == "<" and ">" in text else 0
        keys.append(text[1:end] if end else text[0])
        text = text[end + 1 :]
    return keys


TYPED = [
    "/qwen",
    "/ady",
    "/XX",
    "/gemma3",
    "/src",
    "/quant:f16<enter>G",
    "cgpt-4",
    "cgpt-4<enter>",
    "px2",
    "pqwen3:0.6b<enter>",
    "/mistrak<backspace>l:7b",
    "/mitral<left><left><left><left>s",
    "/abc<ctrl+u>qwen",
    "<down><down><enter>",
    "<down><down><enter>Gh",
    "s<enter><enter>",
    "H<enter><enter>",
    "y<enter><enter>",
    "C<tab><ctrl+u>studio/support-bot:v2<ctrl+n><ctrl+n>astop<enter>###<enter>",
    "b<enter><enter>",
    ":<enter><enter>",
    ":reverse<enter>j",
    "cnew<enter><enter>",
    "rnew<enter><enter>",
    "p<enter><enter>",
    "s11",
    "s112",
    "t11",
    "Jqj",
    "bqj",
    "tqj",
    "Lqj",
    "?qj",
    "dyz",
    "ddyy",
    "d<escape>j",
    "<space><space><space>dyz",
    "ajAv*",
    "/gemma<enter>ad<escape><escape>",
    "L/qwen<enter>j<escape><escape>",
    "b<pagedown><pagedown>d<escape><escape>",
    "<enter><tab><tab>/model<enter>nn<escape>j",
    "C<tab><tab>abc<escape>",
    "I/tmp<tab><escape>j",
    "<space>j<space>=s<escape>",
    "%<escape>P<escape>",
    "twdj",
    "?j?<escape>j",
]


@pytest.mark.parametrize("text", TYPED)
async def test_one_burst_does_what_a_slow_typist_gets(text: str) -> None:
    keys = keys_of(text)
    assert await outcome([keys]) == await outcome(one_by_one(keys))


ANY = [
    *"abcdghijklnopqrstuvwxyzACDEFGHIJLNOPRTUX0123456789/?:=*%[]@ -",
    *["enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end"],
    *["pageup", "pagedown", "backspace", "delete", "ctrl+u", "ctrl+d", "ctrl+g", "ctrl+p"],
]


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_keys_do_the_same_at_any_speed(seed: int) -> None:
    dice = random.Random(seed)
    keys = [dice.choice(ANY) for _ in range(LENGTH)]
    slow = await outcome(one_by_one(keys))
    assert await outcome([keys]) == slow
    assert await outcome(in_random_chunks(keys, dice)) == slow
