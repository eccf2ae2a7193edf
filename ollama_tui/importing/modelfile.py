"""Modelfiles of this machine: what they ask for, and the files that are to be sent for it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ollama_tui.domain import names
from ollama_tui.domain.modelfile.convert import Recipe, recipe
from ollama_tui.domain.modelfile.syntax import InvalidModelfile, Modelfile, parse
from ollama_tui.formatting import inert, size
from ollama_tui.importing.errors import BadFile, impostor, label, unreadable
from ollama_tui.importing.gguf import MAGIC
from ollama_tui.importing.inspect import inspect
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.importing.source import Source
from ollama_tui.importing.suggest import suggestion

LARGEST = 16 * 1024 * 1024
"""Bytes; a Modelfile with the longest licenses has well under one megabyte."""
_HEAD = 64 * 1024
_WORD = "modelfile"
_FROM = re.compile(rb"^[ \t]*FROM[ \t]+\S", re.MULTILINE)


def found(*paths: Path) -> Source:
    """Return what can be imported from `paths`, a Modelfile too; raise BadFile.

    Reads files: not for an event loop.
    """
    if len(paths) == 1 and is_modelfile(paths[0]):
        return read(paths[0])
    return inspect(*paths)


def is_modelfile(path: Path) -> bool:
    """Whether a file is a Modelfile: called so, or a text with a FROM line."""
    if not os.path.isfile(path):  # unlike `Path.is_file` it raises for no path at all
        return False
    head = _begin(path, _HEAD)
    if head.startswith(MAGIC) or impostor(head):
        return False
    return _WORD in path.name.lower() or (b"\0" not in head and bool(_FROM.search(head)))


def read(path: Path) -> Source:
    """Return what a Modelfile asks for, with the files it names; raise BadFile."""
    data = _begin(path, LARGEST + 1)
    if len(data) > LARGEST:
        raise BadFile(f"{label(path)} is larger than {size(LARGEST)}: that is no Modelfile.")
    folder = path.absolute().parent
    try:
        _, source = resolved(parse(data), "", folder)
    except InvalidModelfile as error:
        raise BadFile(f"{label(path)}: {inert(str(error))}.") from error
    return replace(source, suggestion=suggestion(_stem(path), "", folder.name))


def resolved(modelfile: Modelfile, model: str, folder: Path) -> tuple[Recipe, Source]:
    """Return what a Modelfile in `folder` asks for, and the files that it names.

    As in Ollama's own client a FROM is a path if there is something, else a name; only `model`
    itself is always a name. Raises InvalidModelfile and BadFile; reads files.
    """
    wanted = recipe(modelfile, model, lambda v: v != model and os.path.exists(_at(folder, v)))
    base, files, warnings = wanted.request.from_, wanted.files, list(wanted.warnings)
    if files and base:
        warnings.append(f"FROM {inert(base)} counts, not the files of the other FROM.")
        files = ()
    if not files and base != model and (wrong := names.pull_problem(base)) is not None:
        raise BadFile(f"FROM {inert(base)[:60]} is neither a file nor a model: {wrong}")
    wanted = replace(wanted, files=files, warnings=tuple(warnings))
    return wanted, _source(wanted, folder)


def _source(wanted: Recipe, folder: Path) -> Source:
    paths = _paths(folder, wanted.files)
    weights = inspect(*paths) if paths else Source(form="Modelfile", files=())
    beside = (*_adapter(wanted, folder), *_drafts(wanted, folder))
    return replace(
        weights,
        files=(*weights.files, *beside),
        request=wanted.request,
        warnings=(*wanted.warnings, *weights.warnings),
    )


def _adapter(wanted: Recipe, folder: Path) -> Iterable[LocalFile]:
    if not wanted.adapter:
        return ()
    path = _at(folder, wanted.adapter)
    source = inspect(path)
    if not source.needs_base:
        raise BadFile(f"ADAPTER {label(path)} is no adapter.")
    return source.files


def _drafts(wanted: Recipe, folder: Path) -> Iterable[LocalFile]:
    if not wanted.drafts:
        return ()
    source = inspect(*_paths(folder, wanted.drafts))
    return [replace(file, draft=True) for file in source.files]


def _paths(folder: Path, values: Iterable[str]) -> list[Path]:
    return [_at(folder, value) for value in values]


def _at(folder: Path, value: str) -> Path:
    return folder / os.path.expanduser(value)


def _begin(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise unreadable(path, error) from error


def _stem(path: Path) -> str:
    """Return the part of a file's name that is not the word Modelfile: `mario.Modelfile`."""
    name = path.stem if path.suffix.lower() == ".txt" else path.name
    return ".".join(part for part in name.split(".") if part.lower() != _WORD)
