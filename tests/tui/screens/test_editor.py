"""Which program is the user's editor."""

from __future__ import annotations

import pytest

from ollama_tui.config.editor import EditorError, editor_command


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, ["vi"]),
        ({"VISUAL": "", "EDITOR": "nano"}, ["nano"]),
        ({"VISUAL": "  ", "EDITOR": "\t"}, ["vi"]),
        ({"VISUAL": "code --wait", "EDITOR": "nano"}, ["code", "--wait"]),
        ({"EDITOR": "'/opt/my editor/ed' -n"}, ["/opt/my editor/ed", "-n"]),
    ],
)
def test_visual_counts_before_editor_and_blanks_count_as_nothing(
    environ: dict[str, str], words: list[str]
) -> None:
    assert editor_command(environ) == words


@pytest.mark.parametrize("name", ["VISUAL", "EDITOR"])
def test_a_quote_that_is_never_closed_is_a_sentence(name: str) -> None:
    with pytest.raises(EditorError) as caught:
        editor_command({name: "vi 'x"})
    assert str(caught.value) == f"A quote in {name} is never closed: correct it."
