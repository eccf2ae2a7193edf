"""The list of sentences has what a user reads, and nothing else."""

from __future__ import annotations

from tests import words

SOURCE = '''
"""A docstring."""

CSS = "Screen { color: red; }"
HEADING = "Nothing is marked."
"""A docstring of a constant."""


def told(name: str, kind: "Some annotation" = "No kind is given.") -> "Another one":
    """A docstring of a function."""
    query_one("#status a b")
    if kind == "What is compared.":
        raise ValueError(f"{inert(name)} cannot be used: {why(name)}.")
    return {"The key": "The value, read by people."}[kind] + one(id="An id", help="What it does.")


RULES = (
    Rule(r"no such (?:file|model)", Gone, "it is gone", f"Check {ADDRESS}.", ("pull",)),
    Action("model.pull", "p", "pull", "Pull a model.", run),
)
'''


def test_texts_are_told_from_names_patterns_and_docstrings() -> None:
    assert words.sentences(SOURCE) == [
        "Nothing is marked.",
        "No kind is given.",
        "{name} cannot be used: {name}.",
        "The value, read by people.",
        "What it does.",
        "… it is gone. Check {ADDRESS}.",
    ]


def test_the_file_is_up_to_date() -> None:
    written = words.FILE.read_text(encoding="utf-8")
    assert written == words.listed(), "run python -m tests.words"


def test_the_list_has_actions_errors_dialogs_and_the_command_line() -> None:
    listed = words.listed()
    for text in (
        "Pull a model from a registry.",
        "There is no model under the cursor.",
        "the server's disk is full",
        "config.toml, line {line}",
        "print JSON, for programs",
    ):
        assert text in listed
