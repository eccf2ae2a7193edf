"""Textual describes a worker by the representation of all that it is given, unless it is told."""

from __future__ import annotations

import ast
from pathlib import Path

import ollama_tui

SOURCES = sorted(Path(ollama_tui.__file__).parent.rglob("*.py"))


def is_short(call: ast.Call) -> bool:
    """Whether a worker has a description, or its work is a coroutine, which is named only."""
    work = call.args[0]
    is_coroutine = isinstance(work, ast.Call) and ast.unparse(work.func) != "partial"
    return is_coroutine or any(keyword.arg == "description" for keyword in call.keywords)


def test_no_worker_is_described_by_all_the_models() -> None:
    calls = [
        (file.name, node)
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "run_worker"
    ]
    assert calls
    assert [f"{name}:{call.lineno}" for name, call in calls if not is_short(call)] == []
