"""A model of the server as a Modelfile to keep: one from which the same model can be made again."""

from __future__ import annotations

import re
from dataclasses import replace

from ollama_tui.api.replies import Show
from ollama_tui.domain.create.preview import written
from ollama_tui.domain.modelfile.convert import modelfile_of
from ollama_tui.domain.modelfile.from_show import licenses
from ollama_tui.domain.modelfile.syntax import Command, blobs, printable
from ollama_tui.domain.names import same
from ollama_tui.formatting import inert

_ITSELF = "# FROM is the model itself, so what it is licensed under comes with it.\n"
_ODD = re.compile(r"[^\w.+-]+", re.ASCII)
_UNPRINTABLE = "Left out: characters that cannot be printed, which no Modelfile keeps."


def file_name(name: str) -> str:
    """Return what to call the file of a model."""
    stem = _ODD.sub("-", name.removesuffix(":latest")).strip(".-")
    return f"{stem[:100] or 'model'}.Modelfile"


def saved(name: str, show: Show, parent: Show | None = None) -> str:
    """Return the text; on top of the parent, with the licenses added to its, where that is known.

    `parent` are the details of `parent_model`. It counts when it has the same weights and files:
    an adapter, say, would not be named otherwise.
    """
    base = _base(name, show, parent)
    shown = modelfile_of(show, base)
    own = () if same(base, name) or parent is None else _added(show, parent)
    commands = [*shown.commands, *(Command("license", value) for value in own)]
    visible = [replace(command, value=printable(command.value)) for command in commands]
    text, left_out = written(visible)
    if visible != commands:
        left_out.append(_UNPRINTABLE)
    heading = f"# {inert(name)} as a Modelfile.\n{_ITSELF if same(base, name) else ''}\n"
    return heading + text + "".join(f"# {words}\n" for words in left_out)


def _base(name: str, show: Show, parent: Show | None) -> str:
    above = show.details.parent_model
    if parent is None or not above or same(above, name):
        return name
    files = blobs(show.modelfile)
    return above if files and files == blobs(parent.modelfile) else name


def _added(show: Show, parent: Show) -> tuple[str, ...]:
    """Return the licenses that the parent does not have."""
    every, inherited = licenses(show), licenses(parent)
    count = len(inherited)
    return every[count:] if every[:count] == inherited else every
