"""Modelfiles of this machine: what they ask for, and the files to send for it.

The format: https://docs.ollama.com/modelfile
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ollama_tui.domain import names
from ollama_tui.domain.modelfile.convert import ModelfileRequest, request_from
from ollama_tui.domain.modelfile.syntax import InvalidModelfile, Modelfile, parse
from ollama_tui.formatting import inert, size
from ollama_tui.importing.gguf import MAGIC
from ollama_tui.importing.inspect import inspect
from ollama_tui.importing.local_file import BadFile, label, unreadable, wrong_content
from ollama_tui.importing.source import Source, suggestion

LARGEST = 16 * 1024 * 1024
"""Bytes; a Modelfile with the longest licenses has well under one megabyte."""
_HEAD = 64 * 1024
"""Bytes that are searched for a FROM line."""
_WORD = "modelfile"
_FROM = re.compile(rb"^[ \t]*FROM[ \t]+\S", re.MULTILINE)


def source_of(*paths: Path) -> Source:
    """Return what can be imported from `paths`, a Modelfile too; raise BadFile.

    Blocks: it reads files, so not for an event loop.
    """
    if len(paths) == 1 and is_modelfile(paths[0]):
        return read_modelfile(paths[0])
    return inspect(*paths)


def is_modelfile(path: Path) -> bool:
    """Whether a file is a Modelfile: named so, or a text with a FROM line."""
    if not os.path.isfile(path):  # unlike `Path.is_file` it never raises
        return False
    head = _read(path, _HEAD)
    if head.startswith(MAGIC) or wrong_content(head):
        return False
    return _WORD in path.name.lower() or (b"\0" not in head and bool(_FROM.search(head)))


def read_modelfile(path: Path) -> Source:
    """Return what a Modelfile asks for, with the files it names; raise BadFile."""
    data = _read(path, LARGEST + 1)
    if len(data) > LARGEST:
        raise BadFile(f"{label(path)} is larger than {size(LARGEST)}: that is no Modelfile.")
    folder = path.absolute().parent
    try:
        _, source = resolve(parse(data), "", folder)
    except InvalidModelfile as error:
        raise BadFile(f"{label(path)}: {inert(str(error))}.") from error
    # `mario.Modelfile`, `Modelfile.txt`: the word itself does not name the model.
    name = path.stem if path.suffix.lower() == ".txt" else path.name
    stem = ".".join(part for part in name.split(".") if part.lower() != _WORD)
    return replace(source, suggestion=suggestion(stem, "", folder.name))


def resolve(modelfile: Modelfile, model: str, folder: Path) -> tuple[ModelfileRequest, Source]:
    """Return what a Modelfile in `folder` asks for, and the files that it names.

    As in Ollama's own client a FROM is a path if it exists, else a name; only `model` itself is
    always a name. Raises InvalidModelfile and BadFile; reads files.
    """

    def at(values: Iterable[str]) -> list[Path]:
        return [folder / os.path.expanduser(value) for value in values]

    wanted = request_from(modelfile, model, lambda v: v != model and os.path.exists(at([v])[0]))
    base, files, warnings = wanted.request.from_, wanted.files, list(wanted.warnings)
    if files and base:
        warnings.append(f"FROM {inert(base)} counts, not the files of the other FROM.")
        files = ()
    if not files and base != model and (wrong := names.pull_problem(base)) is not None:
        raise BadFile(f"FROM {inert(base)[:60]} is neither a file nor a model: {wrong}")
    wanted = replace(wanted, files=files, warnings=tuple(warnings))
    weights = inspect(*at(files)) if files else Source(form="Modelfile", files=())
    sent = [*weights.files]
    if wanted.adapter:
        (path,) = at([wanted.adapter])
        adapter = inspect(path)
        if not adapter.needs_base:
            raise BadFile(f"ADAPTER {label(path)} is no adapter.")
        sent += adapter.files
    if wanted.drafts:
        sent += [replace(file, draft=True) for file in inspect(*at(wanted.drafts)).files]
    source = replace(
        weights,
        files=tuple(sent),
        request=wanted.request,
        warnings=(*wanted.warnings, *weights.warnings),
    )
    return wanted, source


def _read(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise unreadable(path, error) from error
