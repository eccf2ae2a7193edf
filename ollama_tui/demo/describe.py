"""What a stored model is: capabilities, details, and the answers of tags and show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ollama_tui.demo.gojson import literal, plain, timestamp
from ollama_tui.demo.store import Entry, Kind, Store, path_of
from ollama_tui.demo.weights import Weights
from ollama_tui.domain.names import Name

DEFAULT_TEMPLATE = "{{ .Prompt }}"
PARSERS = {
    "qwen3-coder": ("tools",),
    "qwen3": ("tools", "thinking"),
    "harmony": ("tools", "thinking"),
    "deepseek3": ("tools", "thinking"),
    "functiongemma": ("tools",),
}
"""Built-in parsers and what a model can do through them."""


@dataclass(frozen=True, slots=True)
class Image:
    """A model read from the store: its name, manifest, config and the texts of its layers."""

    store: Store
    name: Name
    entry: Entry
    config: Mapping[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every layer's blob is there."""
        return all(layer.digest in self.store.blobs for layer in self.entry.manifest.layers)

    @property
    def remote(self) -> dict[str, str]:
        """`remote_model` and `remote_host` of a stub, else empty."""
        keys = ("remote_model", "remote_host")
        return {key: self.config[key] for key in keys if self.config.get(key)}

    @property
    def weights(self) -> Weights | None:
        """The model's GGUF, None for stubs."""
        return self._weights("model")

    @property
    def projector(self) -> Weights | None:
        """The first projector's GGUF."""
        return self._weights("projector")

    def _weights(self, kind: Kind) -> Weights | None:
        layers = self.entry.manifest.of(kind)
        blob = self.store.blobs.get(layers[0].digest) if layers else None
        return blob.weights if blob else None

    def texts(self, kind: Kind) -> list[str]:
        """Return the contents of the text layers of one kind."""
        return [self.store.open(layer.digest).text for layer in self.entry.manifest.of(kind)]

    def text(self, kind: Kind) -> str:
        """Return the first text layer of a kind, empty when there is none."""
        return next(iter(self.texts(kind)), "")

    def json(self, kind: Kind, default: Any) -> Any:
        """Return the content of the JSON layer of a kind."""
        layers = self.entry.manifest.of(kind)
        return self.store.open(layers[0].digest).json if layers else default

    @property
    def parameters(self) -> dict[str, Any]:
        """The stored parameters."""
        return dict(self.json("params", {}))


def read(store: Store, name: Name) -> Image | None:
    """Return the model `name`, None when it or its config is missing; raises Fault when cut."""
    name = store.installed(name)
    entry = store.entries.get(name)
    if entry is None or entry.manifest.config.digest not in store.blobs:
        return None
    return image(store, name, entry)


def image(store: Store, name: Name, entry: Entry) -> Image:
    """Return the model of a readable entry."""
    return Image(store, name, entry, store.open(entry.manifest.config.digest).json)


def is_readable(store: Store, entry: Entry) -> bool:
    """Whether the list shows an entry: its manifest and config are whole."""
    return entry.parsed is not None and entry.parsed.config.digest in store.blobs


def details(image: Image) -> dict[str, Any]:
    """Return `details` as show and ps have it."""
    config = image.config
    model = image.entry.manifest.of("model")
    return {
        "parent_model": model[0].source if model else "",
        "format": config.get("model_format", ""),
        "family": config.get("model_family", ""),
        "families": config.get("model_families") or None,
        "parameter_size": config.get("model_type", ""),
        "quantization_level": config.get("file_type", ""),
    }


def lengths(image: Image) -> dict[str, int]:
    """Return context and embedding length, as far as known."""
    weights = image.weights
    found = {
        key: (weights.own(key) if weights else None) or image.config.get(key)
        for key in ("context_length", "embedding_length")
    }
    return {key: value for key, value in found.items() if value}


def listed(image: Image, *, old: bool = False) -> dict[str, Any]:
    """Return a model's entry in tags; `old` servers say less."""
    known = capabilities(image, deep=False)
    more = {} if old or not known else {"capabilities": known}
    return {
        "name": image.name.display,
        "model": image.name.display,
        **image.remote,
        "modified_at": timestamp(image.entry.modified),
        "size": image.entry.manifest.size,
        "digest": image.entry.digest,
        "details": details(image) | ({} if old else lengths(image)),
        **more,
    }


def capabilities(image: Image, *, deep: bool = True) -> list[str]:
    """Return what a model can do; the template inside its GGUF is looked at only when `deep`."""
    found = dict.fromkeys(image.config.get("capabilities") or [])
    if weights := image.weights:
        found |= dict.fromkeys(_of_weights(weights, has_projector=bool(image.projector)))
        found |= dict.fromkeys(_of_texts(image, weights.chat_template if deep else ""))
    return list(found)


def _of_weights(weights: Weights, *, has_projector: bool) -> Iterator[str]:
    yield "completion" if weights.own("pooling_type") is None else "embedding"
    if has_projector or weights.own("vision.block_count"):
        yield "vision"
    if weights.own("audio.block_count"):
        yield "audio"


def _of_texts(image: Image, chat_template: str) -> Iterator[str]:
    template = image.text("template") if _has(image, "template") else ""
    if re.search(r"\.Tools\b", template) or "tools" in chat_template:
        yield "tools"
    if re.search(r"\.Suffix\b", template):
        yield "insert"
    if any("<think>" in text for text in (template, chat_template)) or _is_gptoss(image):
        yield "thinking"
    yield from PARSERS.get(str(image.config.get("parser", "")), ())


def _has(image: Image, kind: Kind) -> bool:
    layers = image.entry.manifest.of(kind)
    return bool(layers) and layers[0].digest in image.store.blobs


def _is_gptoss(image: Image) -> bool:
    return image.config.get("model_family") in ("gptoss", "gpt-oss")


def shown(
    image: Image, *, verbose: bool, system: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the answer of show; `system` and `options` are laid over the stored ones."""
    weights, projector = image.weights, image.projector
    template = image.text("template")
    system = system or image.text("system")
    inner = weights.chat_template if weights else ""
    answer = {
        "license": "\n".join(image.texts("license")),
        "modelfile": modelfile(image, template or DEFAULT_TEMPLATE, system, options),
        "parameters": parameters_text(image.parameters),
        "template": template or inner or DEFAULT_TEMPLATE,
        "system": system,
        "details": details(image),
        "messages": image.json("messages", []),
        **image.remote,
        "model_info": weights.info(verbose) if weights else remote_info(image.config),
        "projector_info": projector.info(verbose, hidden=()) if projector else {},
        "tensors": weights.tensors() if weights else [],
        "capabilities": capabilities(image),
        "modified_at": timestamp(image.entry.modified),
        "requires": image.config.get("requires", ""),
    }
    return {key: value for key, value in answer.items() if value or key == "model_info"}


def remote_info(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return `model_info` of a stub: only what its config says."""
    family = config.get("model_family", "")
    found = {
        "general.architecture": family,
        "general.basename": config.get("base_name"),
        f"{family}.context_length": config.get("context_length"),
        f"{family}.embedding_length": config.get("embedding_length"),
    }
    return {key: value for key, value in found.items() if value}


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """Return `parameters` of show: a name in 30 columns and a literal on each line."""
    return "\n".join(f"{key:<30} {literal(item)}" for key, item in _flat(parameters))


def modelfile(image: Image, template: str, system: str, options: Mapping[str, Any]) -> str:
    """Return the Modelfile text the server makes up for a model."""
    lines = [
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {image.name.display}",
        "",
        *_sources(image),
        f"TEMPLATE {_text(template)}",
    ]
    lines += [f"SYSTEM {_text(system)}"] if system else []
    lines += [
        f"{key.upper()} {image.config[key]}" for key in ("renderer", "parser") if _set(image, key)
    ]
    merged = image.parameters | dict(options)
    lines += [f"PARAMETER {key} {_text(plain(item))}" for key, item in _flat(merged)]
    lines += [f"LICENSE {_text(text)}" for text in image.texts("license")]
    lines += [f"MESSAGE {m['role']} {_text(m['content'])}" for m in image.json("messages", [])]
    return "\n".join(lines) + "\n"


def _set(image: Image, key: str) -> bool:
    return bool(image.config.get(key))


def _sources(image: Image) -> Iterator[str]:
    manifest = image.entry.manifest
    models = [path_of(layer.digest) for layer in manifest.of("model")]
    yield f"FROM {models[0] if models else ''}"
    yield from (f"ADAPTER {path_of(layer.digest)}" for layer in manifest.of("adapter"))
    yield from (f"DRAFT {path_of(layer.digest)}" for layer in manifest.of("draft"))
    yield from (f"FROM {path_of(layer.digest)}" for layer in manifest.of("projector"))


def _text(value: str) -> str:
    needs_quotes = "\n" in value or value != value.strip(" ")
    return f'"{value}"' if needs_quotes else value


def _flat(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in parameters.items():
        yield from ((key, item) for item in (value if isinstance(value, list) else [value]))
