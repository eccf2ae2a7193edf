"""What each verb can be told."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence


def parsed(verb: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of one verb; ends the program, as argparse does, with 2 or after help."""
    made = argparse.ArgumentParser(prog=f"ollama-tui {verb}", description=HELP[verb])
    made.add_argument("--host", metavar="URL", help="address of the server (else OLLAMA_HOST)")
    made.add_argument("--demo", action="store_true", help="use an embedded Ollama")
    made.add_argument("--read-only", action="store_true", help="change nothing on the server")
    MORE[verb](made)
    return made.parse_args(arguments)


def _json(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="print JSON for programs")


def _filter(made: argparse.ArgumentParser) -> None:
    made.add_argument("filter", nargs="*", metavar="FILTER", help="which models, as in the app")


def _list(made: argparse.ArgumentParser) -> None:
    _json(made)
    _filter(made)
    made.add_argument("--sort", metavar="COLUMN", default="", help="name, size, modified, …")


def _show(made: argparse.ArgumentParser) -> None:
    _json(made)
    made.add_argument("name", metavar="NAME", help="the model")


def _outdated(made: argparse.ArgumentParser) -> None:
    _json(made)
    _filter(made)


def _export(made: argparse.ArgumentParser) -> None:
    kinds = made.add_mutually_exclusive_group()
    kinds.add_argument("--json", action="store_true", help="print JSON, with parameters")
    kinds.add_argument("--script", action="store_true", help="print a shell script of pulls")
    _filter(made)


def _restore(made: argparse.ArgumentParser) -> None:
    _json(made)
    made.add_argument("file", metavar="FILE", help="what export printed; - for standard input")
    made.add_argument("--dry-run", action="store_true", help="only say what would be done")


HELP = {
    "list": "List the models.",
    "show": "Show what the server knows of a model.",
    "space": "Show what the disk is spent on, and what frees it.",
    "outdated": "Ask the registries which models have a newer version; pull nothing.",
    "export": "Print the models so that restore can pull them elsewhere.",
    "restore": "Pull the models of an export that are missing.",
}
MORE: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "list": _list,
    "show": _show,
    "space": _json,
    "outdated": _outdated,
    "export": _export,
    "restore": _restore,
}
