"""Finds out what can be imported from given paths: GGUF files, a folder of weights, a Modelfile.

The format of Modelfiles: https://docs.ollama.com/modelfile
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ollama_tui.domain import names
from ollama_tui.domain.modelfile.convert import ModelfileRequest, request_from
from ollama_tui.domain.modelfile.syntax import InvalidModelfile, Modelfile, parse
from ollama_tui.formatting import inert, listing, size
from ollama_tui.importing.gguf import MAGIC, Header, read_header
from ollama_tui.importing.local_file import (
    BadFile,
    keys_of,
    label,
    local_file,
    shard,
    stem,
    unreadable,
    with_siblings,
    wrong_content,
)
from ollama_tui.importing.memory import shape_of_files
from ollama_tui.importing.safetensors import ADAPTER_CONFIG, CONFIG, adapter_in, model_in
from ollama_tui.importing.source import Source, file_targets, suggestion

LARGEST_MODELFILE = 16 * 1024 * 1024
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
    return weights_source(*paths)


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
    data = _read(path, LARGEST_MODELFILE + 1)
    if len(data) > LARGEST_MODELFILE:
        raise BadFile(
            f"{label(path)} is larger than {size(LARGEST_MODELFILE)}: that is not a Modelfile."
        )
    folder = path.absolute().parent
    try:
        _, source = resolve_modelfile(parse(data), "", folder)
    except InvalidModelfile as error:
        raise BadFile(f"{label(path)}: {inert(str(error))}.") from error
    # `mario.Modelfile`, `Modelfile.txt`: the word itself does not name the model.
    name = path.stem if path.suffix.lower() == ".txt" else path.name
    stem = ".".join(part for part in name.split(".") if part.lower() != _WORD)
    return replace(source, suggestion=suggestion(stem, "", folder.name))


def resolve_modelfile(
    modelfile: Modelfile, model: str, folder: Path
) -> tuple[ModelfileRequest, Source]:
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
    weights = weights_source(*at(files)) if files else Source(form="Modelfile", files=())
    sent = [*weights.files]
    if wanted.adapter:
        (path,) = at([wanted.adapter])
        adapter = weights_source(path)
        if not adapter.needs_base:
            raise BadFile(f"ADAPTER {label(path)} is not an adapter.")
        sent += adapter.files
    if wanted.drafts:
        sent += [replace(file, draft=True) for file in weights_source(*at(wanted.drafts)).files]
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


_ADDRESS = re.compile(r"https?:/|(?:www\.)?(?:hf\.co|huggingface\.co|ollama\.com)/", re.IGNORECASE)


class GGUFFile(NamedTuple):
    """A GGUF file and its header."""

    path: Path
    header: Header


def weights_source(*paths: Path) -> Source:
    """Return what can be imported from `paths`; raise BadFile with the reason when nothing can.

    Blocks: it reads the headers of the files, so not for an event loop.
    """
    if not paths:
        raise BadFile("Type or paste the path of a GGUF file or of a folder of weights.")
    folders = [path for path in paths if _is_folder(path)]
    if folders and len(paths) > 1:
        raise BadFile("Give one folder, or GGUF files that belong together.")
    try:
        return _of_folder(folders[0]) if folders else _of_files(paths)
    except OSError as error:
        raise unreadable(paths[0], error) from error


def _is_folder(path: Path) -> bool:
    """Whether it is a folder; raise BadFile for a pipe or a device, which never end."""
    if _ADDRESS.match(str(path)):
        raise BadFile("That is an address, not a path: press esc, then pull it with p.")
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise BadFile(f"{label(path)} is neither a file nor a folder.")
    return stat.S_ISDIR(mode)


def _of_folder(folder: Path) -> Source:
    with os.scandir(folder):
        pass  # `glob` treats an unreadable folder as empty
    if (found := model_in(folder) or adapter_in(folder)) is not None:
        return found
    ggufs = sorted(path for path in folder.glob("*.gguf") if path.is_file())
    if len({stem(path) for path in ggufs if not _is_projector_name(path)}) > 1:
        raise BadFile(f"{label(folder)} holds {len(ggufs)} GGUF files: choose one of them.")
    if ggufs:
        return _of_files(ggufs)
    if any(folder.glob("*.safetensors")):
        raise BadFile(
            f"{label(folder)} has safetensors files, but none is called model….safetensors, "
            "as Ollama expects."
        )
    raise BadFile(f"{label(folder)} holds no model: no GGUF file, no safetensors.")


def _of_files(paths: Sequence[Path]) -> Source:
    first = paths[0]
    if len(paths) == 1 and (
        first.suffix == ".safetensors" or first.name in (CONFIG, ADAPTER_CONFIG)
    ):
        if any(first.with_name(name).is_file() for name in (CONFIG, ADAPTER_CONFIG)):
            return _of_folder(first.parent)
        raise BadFile(f"{label(first)} alone is not a model: {CONFIG} must be beside it.")
    files = [GGUFFile(path, read_header(path)) for path in with_siblings(paths)]
    for file in files:
        _check_file(file)
    models = [file for file in files if file.header.kind == "model"]
    adapters = [file for file in files if file.header.kind == "adapter"]
    _check_together(files, models, adapters)
    return _gguf_source(files, models or adapters)


def _check_file(file: GGUFFile) -> None:
    """Refuse what is no part of a model, and a part whose name contradicts its header."""
    header, named = file.header, shard(file.path)
    count = max(1, header.number("split.count"))
    if header.text("general.type") == "imatrix":
        raise BadFile(f"{label(file.path)} is an importance matrix, not a model.")
    if count > 1 and named is None:
        raise BadFile(
            f"{label(file.path)} says it is one of {count} parts, but not by its name: "
            f"call it …-00001-of-{count:05}.gguf and so on."
        )
    if named and count != named.of:
        raise BadFile(
            f"{label(file.path)} says it is one of {count} parts, its name says {named.of}."
        )
    if named and count > 1 and header.number("split.no", -1) + 1 != named.number:
        raise BadFile(f"{label(file.path)} is not part {named.number}: it was renamed.")


def _check_together(
    files: Sequence[GGUFFile], models: Sequence[GGUFFile], adapters: Sequence[GGUFFile]
) -> None:
    """Refuse what does not make one model or one adapter with all of its tensors."""
    wholes = {(file.path.parent, stem(file.path)) for file in models}
    if len(wholes) > 1:
        named = listing(sorted(inert(name) for _, name in wholes))
        raise BadFile(f"These are {len(wholes)} models: {named}. Import them one by one.")
    if len(adapters) > 1:
        raise BadFile("Ollama takes one adapter at a time.")
    main = models or adapters
    if not main:
        raise BadFile(
            f"{label(files[0].path)} is only a projector: give the path of the model beside it too."
        )
    held = sum(len(file.header.tensors) for file in main)
    promised = main[0].header.number("split.tensors.count", held)
    if not held:
        raise BadFile(f"{label(main[0].path)} holds no weights.")
    if held != promised:
        raise BadFile(f"Its parts hold {held:,} tensors in place of {promised:,}.")


def _gguf_source(files: Sequence[GGUFFile], main: Sequence[GGUFFile]) -> Source:
    first = main[0].header
    keys = keys_of([file.path for file in files])
    sent = tuple(
        local_file(file.path, key, adapter=file.header.kind == "adapter")
        for file, key in zip(files, keys, strict=True)
    )
    weights = sum(file.path.stat().st_size for file in main)
    rest = sum(file.size for file in sent) - weights
    headers = [file.header for file in main]
    return Source(
        form="GGUF",
        files=sent,
        architecture=first.architecture,
        parameters=sum(file.header.parameters for file in main),
        quantization=first.quantization,
        context_length=first.context_length,
        tensors=sum(len(file.header.tensors) for file in main),
        suggestion=suggestion(stem(main[0].path), first.quantization, first.text("general.name")),
        targets=file_targets(first.quantization, weights, rest) if first.kind == "model" else (),
        memory=shape_of_files(headers, weights, rest) if first.kind == "model" else None,
        warnings=tuple(_warnings(files, main[0])),
    )


def _warnings(files: Sequence[GGUFFile], first: GGUFFile) -> list[str]:
    found = []
    if not first.header.architecture:
        found.append("It does not name its architecture: the server will probably reject it.")
    has_projector = any(file.header.kind == "projector" for file in files)
    if first.header.kind == "model" and not has_projector:
        beside = sorted(filter(_is_projector_name, first.path.parent.glob("*.gguf")))
        if beside:
            found.append(f"For vision, give the path of {label(beside[0])} too.")
    return found


def _is_projector_name(path: Path) -> bool:
    return "mmproj" in path.name.lower()
