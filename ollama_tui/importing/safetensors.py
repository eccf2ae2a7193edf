"""Safetensors: the header of a file, and the folders of weights it comes in (PyTorch's too).

The format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import add
from pathlib import Path
from typing import Any

import msgspec

from ollama_tui.importing.local_file import (
    BadFile,
    key_text,
    label,
    local_file,
    missing_parts,
    shard,
    too_short,
    unreadable,
    wrong_content,
)
from ollama_tui.importing.source import Form, Source, file_targets, suggestion

LARGEST_HEADER = 16 * 1024 * 1024
"""Bytes; the largest real ones are a few megabytes."""
CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"
_NOT_A_TENSOR = "__metadata__"
_WEIGHTS = (
    ("model*.safetensors", "*/model*.safetensors"),
    ("consolidated*.safetensors",),
    ("pytorch_model*.bin",),
    ("consolidated*.pth",),
)
"""Patterns of a model's weights; the first that matches wins, as in Ollama's own client."""
_ADAPTER_WEIGHTS = (("adapter*.safetensors",), ("*.safetensors",))
_BESIDE = ("*.json", "*/*.json", "chat_template.jinja", "tokenizer.model")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model")
_LARGEST_CONFIG = 4 * 1024 * 1024
_ADAPTED = ("llama", "gemma2")
"""Architectures whose safetensors adapters Ollama converts."""
_TYPES = {"float16": "F16", "bfloat16": "BF16", "float32": "F32"}


class _TensorEntry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of one file, or of several."""

    parameters: int = 0
    tensors: int = 0
    types: tuple[tuple[str, int], ...] = ()
    """Number of weights of each type."""

    @property
    def type(self) -> str:
        """The type of most weights: `BF16`, `F8_E4M3` …; empty without weights."""
        return max(self.types, key=lambda pair: pair[1])[0] if self.types else ""

    def __add__(self, other: Weights) -> Weights:
        types = Counter(dict(self.types)) + Counter(dict(other.types))
        return Weights(
            self.parameters + other.parameters,
            self.tensors + other.tensors,
            tuple(types.items()),
        )


def read_weights(path: Path) -> Weights:
    """Return what the file holds; raise BadFile when it is cut, damaged or something else."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, 2)
            file.seek(0)
            head = file.read(8)
            header = int.from_bytes(head, "little")
            if len(head) < 8 or header > LARGEST_HEADER or header < 2:
                problem = wrong_content(head + file.read(56)) or "is not a safetensors file."
                raise BadFile(f"{label(path)} {problem}")
            entries = _entries(path, file.read(header))
    except OSError as error:
        raise unreadable(path, error) from error
    whole = 8 + header + max((entry.data_offsets[1] for entry in entries), default=0)
    if whole > length:
        raise BadFile(f"{label(path)} {too_short(whole, length)}")
    types: Counter[str] = Counter()
    for entry in entries:
        types[entry.dtype] += prod(entry.shape)
    return Weights(sum(types.values()), len(entries), tuple(types.items()))


def _entries(path: Path, header: bytes) -> list[_TensorEntry]:
    try:
        raw = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        return [
            msgspec.json.decode(entry, type=_TensorEntry)
            for name, entry in raw.items()
            if name != _NOT_A_TENSOR
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadFile(f"{label(path)} is damaged: its header cannot be read.") from None


def model_in(folder: Path) -> Source | None:
    """Return the model in `folder`, None when it holds no weights.

    Raises BadFile, and OSError when it cannot be looked into.
    """
    weights = _first_match(folder, _WEIGHTS)
    if not weights:
        return None
    if not (folder / CONFIG).is_file():
        raise BadFile(f"{label(folder)} has weights but no {CONFIG}, which says what they are.")
    present = set(weights)
    for path in weights:
        if part := shard(path):
            missing = [name for name in part.siblings if path.with_name(name) not in present]
            if missing:
                raise BadFile(missing_parts(missing, part.of))
    files = list(dict.fromkeys([*weights, *_matching(folder, _BESIDE)]))
    _check_links(folder, files)
    return _model(folder, weights, files, _read_config(folder / CONFIG))


def adapter_in(folder: Path) -> Source | None:
    """Return the LoRA adapter in `folder`, None when there is none; raises as `model_in`."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return None
    weights = _first_match(folder, _ADAPTER_WEIGHTS)
    if not weights:
        raise BadFile(f"{label(folder)} has {ADAPTER_CONFIG} but no safetensors file beside it.")
    files = [*weights, folder / ADAPTER_CONFIG]
    _check_links(folder, files)
    config = _read_config(folder / ADAPTER_CONFIG)
    held = reduce(add, map(read_weights, weights))
    return Source(
        form="safetensors",
        files=tuple(
            local_file(path, key_text(path.relative_to(folder)), adapter=True) for path in files
        ),
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
    held = reduce(add, map(read_weights, weights)) if form == "safetensors" else Weights()
    declared = _text(config, "torch_dtype") or _text(config, "dtype")
    kind = held.type or _TYPES.get(declared, "")
    sent = tuple(local_file(path, key_text(path.relative_to(folder))) for path in files)
    names = config.get("architectures")
    architecture = names[0] if isinstance(names, list) and names else ""
    architecture = architecture if isinstance(architecture, str) else ""
    warnings = []
    if not {path.name for path in files}.intersection(_TOKENIZERS):
        warnings.append(f"{label(folder)} has no tokenizer: the server will probably reject it.")
    if not architecture:
        warnings.append(f"Its {CONFIG} names no architecture: the server will probably reject it.")
    return Source(
        form=form,
        files=sent,
        architecture=architecture,
        parameters=held.parameters,
        quantization=kind,
        context_length=_context(config),
        tensors=held.tensors,
        suggestion=suggestion(folder.resolve().name, kind, _text(config, "model_type")),
        targets=file_targets(kind, sum(file.size for file in sent[: len(weights)])),
        warnings=tuple(warnings),
    )


def _first_match(folder: Path, alternatives: Sequence[Sequence[str]]) -> list[Path]:
    found = (_matching(folder, patterns) for patterns in alternatives)
    return next((paths for paths in found if paths), [])


def _matching(folder: Path, patterns: Sequence[str]) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return [path for path in dict.fromkeys(found) if path.is_file() or path.is_symlink()]


def _check_links(folder: Path, files: Sequence[Path]) -> None:
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
            raise BadFile(f"{label(path)} is a broken link.")


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


def _context(config: Mapping[str, Any]) -> int:
    """Return the trained context in tokens; vision models have it in their text part."""
    inner = config.get("text_config")
    for part in (config, inner if isinstance(inner, dict) else {}):
        value = part.get("max_position_embeddings")
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0


def _text(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    return value if isinstance(value, str) else ""
