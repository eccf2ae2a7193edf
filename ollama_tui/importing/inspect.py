"""Looks at what is to be imported: GGUF files, a folder of weights, or an adapter."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ollama_tui.formatting import inert, listing
from ollama_tui.importing.errors import BadFile, label, unreadable
from ollama_tui.importing.gguf import Header, read_header
from ollama_tui.importing.local_file import keys_of, local_file
from ollama_tui.importing.shards import misnamed, shard, stem, with_siblings
from ollama_tui.importing.source import Source, targets
from ollama_tui.importing.suggest import suggestion
from ollama_tui.importing.weights_folder import ADAPTER_CONFIG, CONFIG, adapter_in, model_in

_ADDRESS = re.compile(r"https?:/|(?:www\.)?(?:hf\.co|huggingface\.co|ollama\.com)/", re.IGNORECASE)


class Part(NamedTuple):
    """A GGUF file and what it says of itself."""

    path: Path
    header: Header


def inspect(*paths: Path) -> Source:
    """Return what can be imported from `paths`; raise BadFile with the reason why nothing can.

    Reads headers only, but reads: not for an event loop.
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
    """Tell folders from files, and refuse what is neither: reading a pipe would never end."""
    if _ADDRESS.match(str(path)):
        raise BadFile("That is an address, not a path: leave with esc and pull it with p.")
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise BadFile(f"{label(path)} is neither a file nor a folder.")
    return stat.S_ISDIR(mode)


def _of_folder(folder: Path) -> Source:
    with os.scandir(folder):
        pass  # `glob` would take a folder that may not be read for an empty one
    if (found := model_in(folder) or adapter_in(folder)) is not None:
        return found
    ggufs = sorted(path for path in folder.glob("*.gguf") if path.is_file())
    if not ggufs:
        raise _no_model(folder)
    if len({(path.parent, stem(path)) for path in ggufs if not _is_projector_name(path)}) > 1:
        raise BadFile(f"{label(folder)} holds {len(ggufs)} GGUF files: choose one of them.")
    return _of_files(ggufs)


def _no_model(folder: Path) -> BadFile:
    if any(folder.glob("*.safetensors")):
        return BadFile(
            f"{label(folder)} has safetensors files, but none is called model….safetensors, "
            "as Ollama wants it."
        )
    return BadFile(f"{label(folder)} holds no model: no GGUF file, no safetensors.")


def _of_files(paths: Sequence[Path]) -> Source:
    if len(paths) == 1 and (folder := _folder_meant(paths[0])):
        return _of_folder(folder)
    parts = [Part(path, read_header(path)) for path in with_siblings(paths)]
    for part in parts:
        _check_part(part)
    models = _of_kind(parts, "model")
    adapters = _of_kind(parts, "adapter")
    _check_together(parts, models, adapters)
    return _source(parts, models or adapters)


def _folder_meant(path: Path) -> Path | None:
    """Return the folder of a file that is one of many; None for a file of its own."""
    if path.suffix == ".safetensors" or path.name in (CONFIG, ADAPTER_CONFIG):
        beside = [path.with_name(name).is_file() for name in (CONFIG, ADAPTER_CONFIG)]
        if not any(beside):
            raise BadFile(f"{label(path)} alone is no model: {CONFIG} has to lie beside it.")
        return path.parent
    return None


def _of_kind(parts: Sequence[Part], kind: str) -> list[Part]:
    return [part for part in parts if part.header.kind == kind]


def _check_part(part: Part) -> None:
    header, named = part.header, shard(part.path)
    count = header.split_count
    if header.text("general.type") == "imatrix":
        raise BadFile(f"{label(part.path)} is an importance matrix, not a model.")
    if count > 1 and named is None:
        raise misnamed(part.path, count)
    if named and count != named.of:
        raise BadFile(
            f"{label(part.path)} says it is one of {count} parts, its name says {named.of}."
        )
    if named and count > 1 and header.number("split.no", -1) + 1 != named.number:
        raise BadFile(f"{label(part.path)} is not part {named.number}: it was renamed.")


def _check_together(
    parts: Sequence[Part], models: Sequence[Part], adapters: Sequence[Part]
) -> None:
    wholes = {(part.path.parent, stem(part.path)) for part in models}
    if len(wholes) > 1:
        named = listing(sorted(inert(name) for _, name in wholes))
        raise BadFile(f"These are {len(wholes)} models: {named}. Import them one by one.")
    if len(adapters) > 1:
        raise BadFile("Ollama takes one adapter at a time.")
    if not models and not adapters:
        raise BadFile(
            f"{label(parts[0].path)} is only a projector: give the path of the model beside it too."
        )
    _check_tensors(models or adapters)


def _check_tensors(parts: Sequence[Part]) -> None:
    held = sum(len(part.header.tensors) for part in parts)
    promised = parts[0].header.number("split.tensors.count", held)
    if not held:
        raise BadFile(f"{label(parts[0].path)} holds no weights.")
    if held != promised:
        raise BadFile(f"Its parts hold {held:,} tensors in place of {promised:,}.")


def _source(parts: Sequence[Part], main: Sequence[Part]) -> Source:
    first = main[0]
    keys = keys_of([part.path for part in parts])
    files = tuple(
        local_file(part.path, key, adapter=part.header.kind == "adapter")
        for part, key in zip(parts, keys, strict=True)
    )
    parameters = sum(part.header.parameters for part in main)
    quantization = first.header.quantization
    is_model = first.header.kind == "model"
    weights = sum(part.path.stat().st_size for part in main)
    rest = sum(file.size for file in files) - weights
    return Source(
        form="GGUF",
        files=files,
        architecture=first.header.architecture,
        parameters=parameters,
        quantization=quantization,
        context_length=first.header.context_length,
        tensors=sum(len(part.header.tensors) for part in main),
        suggestion=suggestion(stem(first.path), quantization, first.header.name),
        targets=targets(quantization, weights, rest) if is_model else (),
        warnings=tuple(_warnings(parts, first)),
    )


def _warnings(parts: Sequence[Part], first: Part) -> list[str]:
    found = []
    if not first.header.architecture:
        found.append("It does not name its architecture: the server will hardly take it.")
    if first.header.kind == "model" and not _of_kind(parts, "projector"):
        beside = [
            path for path in sorted(first.path.parent.glob("*.gguf")) if _is_projector_name(path)
        ]
        if beside:
            found.append(f"To let it see, give the path of {label(beside[0])} too.")
    return found


def _is_projector_name(path: Path) -> bool:
    return "mmproj" in path.name.lower()
