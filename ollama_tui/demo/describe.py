"""What a stored model is: capabilities, details, and the answers of tags and show."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ollama_tui.demo.manifest import Kind, ManifestFile, ManifestList, digest_of
from ollama_tui.demo.store import Store, path_of
from ollama_tui.demo.weights import WeightsFile
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

_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ESCAPES |= {"\v": r"\v", '"': r"\"", "\\": r"\\"}


@dataclass(frozen=True, slots=True)
class Image:
    """A model read from the store: its name, config, and the manifest that is to run."""

    store: Store
    name: Name
    entry: ManifestFile
    """Of a list, the chosen one of its manifests."""
    config: Mapping[str, Any]
    listed: tuple[ManifestFile, ...] = ()
    """The manifests of its list that are here; empty for a name without a list."""

    @property
    def complete(self) -> bool:
        """Whether every layer's blob is there."""
        return all(layer.digest in self.store.blobs for layer in self.entry.manifest.layers)

    @property
    def runner(self) -> str:
        """The runner it is for; empty for a stub, and on servers that do not say."""
        if not self.store.release.has_lists:
            return ""
        return self.entry.manifest.runner_with(self.config)

    @property
    def remote(self) -> dict[str, str]:
        """`remote_model` and `remote_host` of a stub, else empty."""
        keys = ("remote_model", "remote_host")
        return {key: self.config[key] for key in keys if self.config.get(key)}

    def weights(self, kind: Kind = "model") -> WeightsFile | None:
        """Return the first GGUF of a kind; None without one, as for stubs."""
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

    @property
    def lengths(self) -> dict[str, int]:
        """Context and embedding length, as far as known."""
        weights = self.weights()
        found = {
            key: (weights.own(key) if weights else None) or self.config.get(key)
            for key in ("context_length", "embedding_length")
        }
        return {key: value for key, value in found.items() if value}


def read(store: Store, name: Name, runner: str = "") -> Image | None:
    """Return the model `name`, None when it or its config is missing.

    Raises Fault when it cannot be read, or has nothing for `runner`.
    """
    found = store.get(name)
    if found is None:
        return None
    if store.digest_meant(name) is None:
        name = store.installed(name)
    entry = store.selected(found, runner)
    if entry.manifest.config.digest not in store.blobs:
        return None
    listed = store.children(found) if isinstance(found.parsed, ManifestList) else ()
    return _image(store, name, entry, listed)


def rows(store: Store, name: Name) -> tuple[Image, ...]:
    """Return what the list has of an installed name: nothing when it cannot be read or shown."""
    entry = store.entries[name]
    if entry.parsed is None or store.is_dangling(entry):
        return ()
    here = tuple(sorted(store.children(entry), key=lambda child: child.digest))
    if not store.release.row_per_manifest and here:
        here = (store.selected(entry),)
    if any(child.manifest.config.digest not in store.blobs for child in here):
        return ()
    return tuple(_image(store, name, child) for child in here)


def _image(
    store: Store, name: Name, entry: ManifestFile, listed: tuple[ManifestFile, ...] = ()
) -> Image:
    return Image(store, name, entry, store.open(entry.manifest.config.digest).json, listed)


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


def listed(image: Image, *, old: bool = False) -> dict[str, Any]:
    """Return a model's entry in tags; `old` servers leave out capabilities and lengths."""
    known = capabilities(image, deep=False)
    more = {} if old or not known else {"capabilities": known}
    return {
        "name": image.name.display,
        "model": image.name.display,
        **image.remote,
        "modified_at": timestamp(image.entry.modified),
        "size": image.entry.manifest.size,
        "digest": image.entry.digest,
        "details": details(image) | ({} if old else image.lengths) | named(image.runner),
        **more,
    }


def named(runner: str) -> dict[str, str]:
    """Return the key that names a runner; nothing where there is none."""
    return {"runner": runner} if runner else {}


def capabilities(image: Image, *, deep: bool = True) -> list[str]:
    """Return what a model can do; the template inside its GGUF is looked at only when `deep`."""
    found = dict.fromkeys(image.config.get("capabilities") or [])
    if weights := image.weights():
        found |= dict.fromkeys(_of_weights(weights, has_projector=bool(image.weights("projector"))))
        found |= dict.fromkeys(_of_texts(image, weights.chat_template if deep else ""))
    return list(found)


def _of_weights(weights: WeightsFile, *, has_projector: bool) -> Iterator[str]:
    yield "completion" if weights.own("pooling_type") is None else "embedding"
    if has_projector or weights.own("vision.block_count"):
        yield "vision"
    if weights.own("audio.block_count"):
        yield "audio"


def _of_texts(image: Image, chat_template: str) -> Iterator[str]:
    layers = image.entry.manifest.of("template")
    is_there = bool(layers) and layers[0].digest in image.store.blobs
    template = image.text("template") if is_there else ""
    if re.search(r"\.Tools\b", template) or "tools" in chat_template:
        yield "tools"
    if re.search(r"\.Suffix\b", template):
        yield "insert"
    is_gptoss = image.config.get("model_family") in ("gptoss", "gpt-oss")
    if "<think>" in template or "<think>" in chat_template or is_gptoss:
        yield "thinking"
    yield from PARSERS.get(str(image.config.get("parser", "")), ())


def shown(
    image: Image, *, verbose: bool, system: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the answer of show; `system` and `options` are laid over the stored ones."""
    weights, projector = image.weights(), image.weights("projector")
    template = image.text("template")
    system = system or image.text("system")
    inner = weights.chat_template if weights else ""
    answer = {
        "license": "\n".join(image.texts("license")),
        "modelfile": modelfile(image, template or DEFAULT_TEMPLATE, system, options),
        "parameters": "\n".join(
            f"{key:<30} {literal(item)}" for key, item in _flat(image.parameters)
        ),
        "template": template or inner or DEFAULT_TEMPLATE,
        "system": system,
        "details": details(image) | named(image.entry.manifest.runner),
        "messages": image.json("messages", []),
        **image.remote,
        "model_info": weights.info(verbose) if weights else remote_info(image.config),
        "projector_info": projector.info(verbose, hidden=()) if projector else {},
        "tensors": weights.tensors() if weights else [],
        "capabilities": capabilities(image),
        "manifests": _manifests(image),
        "modified_at": timestamp(image.entry.modified),
        "requires": image.config.get("requires", ""),
    }
    return {key: value for key, value in answer.items() if value or key == "model_info"}


def _manifests(image: Image) -> list[dict[str, Any]]:
    """Return what show says of a list: its manifests here, if there are several."""
    listed = [(digest_of(child.raw), child) for child in image.listed]
    return [
        {
            "digest": digest,
            "runner": child.manifest.runner,
            "format": child.manifest.format,
            **({"selected": True} if child.digest == image.entry.digest else {}),
        }
        for digest, child in listed
        if len(listed) > 1
    ]


def remote_info(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return `model_info` of a stub, made of its config alone."""
    family = config.get("model_family", "")
    found = {
        "general.architecture": family,
        "general.basename": config.get("base_name"),
        f"{family}.context_length": config.get("context_length"),
        f"{family}.embedding_length": config.get("embedding_length"),
    }
    return {key: value for key, value in found.items() if value}


def modelfile(image: Image, template: str, system: str, options: Mapping[str, Any]) -> str:
    """Return the Modelfile that the server generates for a model."""
    manifest, config = image.entry.manifest, image.config
    models = [path_of(layer.digest) for layer in manifest.of("model")]
    lines = [
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {image.name.display}",
        "",
        f"FROM {models[0] if models else ''}",
        *(f"ADAPTER {path_of(layer.digest)}" for layer in manifest.of("adapter")),
        *(f"DRAFT {path_of(layer.digest)}" for layer in manifest.of("draft")),
        *(f"FROM {path_of(layer.digest)}" for layer in manifest.of("projector")),
        f"TEMPLATE {_argument(template)}",
    ]
    lines += [f"SYSTEM {_argument(system)}"] if system else []
    lines += [f"{key.upper()} {config[key]}" for key in ("renderer", "parser") if config.get(key)]
    merged = image.parameters | dict(options)
    lines += [f"PARAMETER {key} {_argument(plain(item))}" for key, item in _flat(merged)]
    lines += [f"LICENSE {_argument(text)}" for text in image.texts("license")]
    messages = image.json("messages", [])
    lines += [f"MESSAGE {m['role']} {_argument(m['content'])}" for m in messages]
    return "\n".join(lines) + "\n"


def _argument(value: str) -> str:
    """Return a Modelfile's argument as the server writes it: quoted where need be, not escaped."""
    needs_quotes = "\n" in value or value != value.strip(" ")
    return f'"{value}"' if needs_quotes else value


def _flat(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in parameters.items():
        yield from ((key, item) for item in (value if isinstance(value, list) else [value]))


def number(value: float) -> str:
    """Return a number as Go's `%v` prints a float64: `2048`, `0.2`, `1.048576e+06`."""
    sign, digits, shift = Decimal(repr(float(value))).normalize().as_tuple()
    power = len(digits) + int(shift) - 1
    if not value or -4 <= power < 6:
        return repr(float(value)).removesuffix(".0")
    rest = "".join(map(str, digits[1:]))
    mantissa = f"{digits[0]}.{rest}" if rest else f"{digits[0]}"
    return f"{'-' * sign}{mantissa}e{power:+03d}"


def plain(value: Any) -> str:
    """Return a parameter's value as Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(value)
    return str(value)


def literal(value: Any) -> str:
    """Return a parameter's value as `parameters` of show prints it: strings as Go literals."""
    if not isinstance(value, str):
        return plain(value)
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 with nine decimals, trailing zeros cut, as the server writes times."""
    nanos = zlib.crc32(moment.isoformat().encode()) % 1000
    fraction = f"{moment.microsecond:06d}{nanos:03d}".rstrip("0")
    zone = moment.strftime("%z")
    zone = "Z" if moment.utcoffset() in (None, timedelta(0)) else f"{zone[:3]}:{zone[3:5]}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}{zone}"
