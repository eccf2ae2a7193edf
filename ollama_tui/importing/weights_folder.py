"""Folders of safetensors or PyTorch weights: which of their files are sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import msgspec

from ollama_tui.importing.errors import BadFile, label, unreadable
from ollama_tui.importing.local_file import key_text, local_file
from ollama_tui.importing.safetensors import Weights, read_weights
from ollama_tui.importing.shards import missing_parts, shard
from ollama_tui.importing.source import Form, Source, targets
from ollama_tui.importing.suggest import suggestion

CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"
_WEIGHTS = (
    ("model*.safetensors", "*/model*.safetensors"),
    ("consolidated*.safetensors",),
    ("pytorch_model*.bin",),
    ("consolidated*.pth",),
)
"""Patterns of a model's weights; the first that is met wins, as in Ollama's own client."""
_ADAPTER_WEIGHTS = (("adapter*.safetensors",), ("*.safetensors",))
_BESIDE = ("*.json", "*/*.json", "chat_template.jinja", "tokenizer.model")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model")
_LARGEST_CONFIG = 4 * 1024 * 1024
_ADAPTED = ("llama", "gemma2")
_TYPES = {"float16": "F16", "bfloat16": "BF16", "float32": "F32"}


def model_in(folder: Path) -> Source | None:
    """Return the model in `folder`, None when it holds no weights.

    Raises BadFile, and OSError when it cannot be looked into.
    """
    weights = _first_met(folder, _WEIGHTS)
    if not weights:
        return None
    if not (folder / CONFIG).is_file():
        raise BadFile(f"{label(folder)} has weights but no {CONFIG}, which says what they are.")
    _check_parts(weights)
    files = _all_of(folder, weights)
    return _model(folder, weights, files, _read_config(folder / CONFIG))


def adapter_in(folder: Path) -> Source | None:
    """Return the LoRA adapter in `folder`, None when there is none; raises as `model_in`."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return None
    weights = _first_met(folder, _ADAPTER_WEIGHTS)
    if not weights:
        raise BadFile(f"{label(folder)} has {ADAPTER_CONFIG} but no safetensors file beside it.")
    files = _checked(folder, [*weights, folder / ADAPTER_CONFIG])
    config = _read_config(folder / ADAPTER_CONFIG)
    held = _weights(weights)
    return Source(
        form="safetensors",
        files=tuple(local_file(path, _key(folder, path), adapter=True) for path in files),
        parameters=held.parameters,
        quantization=held.type,
        tensors=held.tensors,
        suggestion=suggestion(folder.resolve().name, "", _text(config, "base_model_name_or_path")),
        warnings=(
            f"Ollama converts safetensors adapters for {' and '.join(_ADAPTED)} models only.",
        ),
    )


def _model(
    folder: Path, weights: list[Path], files: list[Path], config: Mapping[str, Any]
) -> Source:
    form: Form = "safetensors" if weights[0].suffix == ".safetensors" else "PyTorch"
    held = _weights(weights) if form == "safetensors" else Weights()
    kind = held.type or _TYPES.get(_declared_type(config), "")
    sent = tuple(local_file(path, _key(folder, path)) for path in files)
    bulk = sum(file.size for file in sent[: len(weights)])
    return Source(
        form=form,
        files=sent,
        architecture=_architecture(config),
        parameters=held.parameters,
        quantization=kind,
        context_length=_context(config),
        tensors=held.tensors,
        suggestion=suggestion(folder.resolve().name, kind, _text(config, "model_type")),
        targets=targets(kind, bulk),
        warnings=tuple(_warnings(folder, files, config)),
    )


def _warnings(folder: Path, files: Sequence[Path], config: Mapping[str, Any]) -> list[str]:
    names = {path.name for path in files}
    found = []
    if not names.intersection(_TOKENIZERS):
        found.append(f"{label(folder)} has no tokenizer: the server will hardly take it.")
    if not _architecture(config):
        found.append(f"Its {CONFIG} names no architecture: the server will hardly take it.")
    return found


def _first_met(folder: Path, alternatives: Sequence[Sequence[str]]) -> list[Path]:
    for patterns in alternatives:
        if found := _matching(folder, patterns):
            return found
    return []


def _matching(folder: Path, patterns: Sequence[str]) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return [path for path in dict.fromkeys(found) if path.is_file() or path.is_symlink()]


def _all_of(folder: Path, weights: Sequence[Path]) -> list[Path]:
    return _checked(folder, list(dict.fromkeys([*weights, *_matching(folder, _BESIDE)])))


def _checked(folder: Path, files: list[Path]) -> list[Path]:
    """Refuse links that lead out of the folder: they may send what nobody chose."""
    inside = os.path.realpath(folder)
    for path in files:
        # Not `resolve`: it raises RuntimeError for links in a circle.
        if not Path(os.path.realpath(path)).is_relative_to(inside):
            raise BadFile(
                f"{label(path)} is a link to outside of {label(folder)}: "
                "copy the folder with its links followed (cp -rL), then import the copy."
            )
        if not path.is_file():
            raise BadFile(f"{label(path)} is a link to nothing.")
    return files


def _check_parts(weights: Sequence[Path]) -> None:
    present = set(weights)
    for path in weights:
        if part := shard(path):
            missing = [name for name in part.siblings if path.with_name(name) not in present]
            if missing:
                raise BadFile(missing_parts(missing, part.of))


def _weights(paths: Sequence[Path]) -> Weights:
    return reduce(add, map(read_weights, paths), Weights())


def _key(folder: Path, path: Path) -> str:
    return key_text(path.relative_to(folder))


def _read_config(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            config = msgspec.json.decode(file.read(_LARGEST_CONFIG))
    except OSError as error:
        raise unreadable(path, error) from error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadFile(f"{label(path)} is not valid JSON.") from None
    if not isinstance(config, dict):
        raise BadFile(f"{label(path)} is not what a model's configuration looks like.")
    return config


def _architecture(config: Mapping[str, Any]) -> str:
    names = config.get("architectures")
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def _declared_type(config: Mapping[str, Any]) -> str:
    return _text(config, "torch_dtype") or _text(config, "dtype")


def _context(config: Mapping[str, Any]) -> int:
    """Return the trained context; models that see keep it with their text part."""
    inner = config.get("text_config")
    for place in (config, inner if isinstance(inner, dict) else {}):
        value = place.get("max_position_embeddings")
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0


def _text(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    return value if isinstance(value, str) else ""
