"""A model in the making: what create puts together before it writes the manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ollama_tui.demo.describe import Image
from ollama_tui.demo.http import Fault, Fields, encode, json_kind
from ollama_tui.demo.manifest import BlobFile, ImageLayer, ImageManifest, Kind, blob_of
from ollama_tui.demo.store import Store
from ollama_tui.demo.weights import WeightsFile, parameter_size

_INFO_TEXTS = {
    "model_family": "model_family",
    "base_name": "base_name",
    "quantization_level": "file_type",
    "parameter_size": "model_type",
}
"""Keys of the request's `info` that are strings, and what the config calls them."""
_INFO_COUNTS = ("context_length", "embedding_length")


@dataclass(slots=True)
class ImageDraft:
    """A config and layers, each known to be new or already in the store."""

    store: Store
    config: dict[str, Any] = field(default_factory=dict)
    layers: list[ImageLayer] = field(default_factory=list)
    unchecked: set[str] = field(default_factory=set)
    """Digests of model layers that came from files and were not validated yet."""
    converted: set[str] = field(default_factory=set)
    """Digests of model layers that were made of safetensors."""
    new: set[str] = field(default_factory=set)
    """Digests that were not in the store before."""

    def take(self, image: Image) -> None:
        """Start from an installed model: its config, and its layers marked with its name."""
        self.config = dict(image.config)
        source = image.name.display
        self.layers = [
            ImageLayer(layer.media_type, layer.digest, layer.size, source)
            for layer in image.entry.manifest.layers
        ]

    def add(self, kind: Kind, blob: BlobFile) -> None:
        """Append a layer."""
        self.layers.append(self._layer(kind, blob))

    def replace(self, kind: Kind, data: bytes) -> None:
        """Append a layer instead of all others of its kind."""
        self.layers = [layer for layer in self.layers if layer.kind != kind]
        self.add(kind, blob_of(data))

    def exchange(self, old: ImageLayer, blob: BlobFile) -> None:
        """Put other weights in the place of a layer."""
        self.layers[self.layers.index(old)] = self._layer("model", blob)

    def _layer(self, kind: Kind, blob: BlobFile) -> ImageLayer:
        if blob.digest not in self.store.blobs:
            self.new.add(blob.digest)
        return self.store.layer(kind, blob)

    def of(self, kind: Kind) -> list[ImageLayer]:
        """Return the layers of one kind."""
        return [layer for layer in self.layers if layer.kind == kind]

    def describe(self, weights: WeightsFile) -> None:
        """Describe the weights in the config."""
        self.config |= {
            "model_format": "gguf",
            "model_family": weights.architecture,
            "model_families": [weights.architecture],
            "model_type": parameter_size(weights.parameter_count),
            "file_type": weights.file_type,
        }

    def manifest(self, runner: str = "") -> ImageManifest:
        """Return the finished manifest, for a runner if it has weights."""
        diff = {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]}
        system = {"architecture": "amd64", "os": "linux", "rootfs": diff}
        config = self.store.config(self.config | system)
        kind = str(self.config.get("model_format", "")) if runner else ""
        return ImageManifest(config, tuple(self.layers), runner if kind else "", kind)


def set_texts(draft: ImageDraft, body: Fields) -> None:
    """Lay the request's template, system, licenses, parameters and messages over the draft."""
    if template := body.get("template"):
        check_template(template)
        draft.replace("template", template.encode())
    if system := body.get("system"):
        draft.replace("system", system.encode())
    for text in licenses(body.get("license")):
        draft.add("license", blob_of(text.encode()))
    layers = draft.of("params")
    parameters = dict(draft.store.open(layers[0].digest).json) if layers else {}
    if parameters := parameters | dict(body.get("parameters", {})):
        draft.replace("params", encode(parameters))
    if messages := body.get("messages"):
        stored = [
            {"role": str(m.get("role", "")).lower(), "content": str(m.get("content", ""))}
            for m in messages
        ]
        draft.replace("messages", encode(stored))


def licenses(value: Any) -> list[str]:
    """Return the licenses of a request: one text, a list of texts, or none. Raises Fault."""
    if value in (None, "", []):
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise Fault(f"json: cannot unmarshal {json_kind(value)} into Go value of type []string")
    for item in value:
        if not isinstance(item, str):
            raise Fault(f"json: cannot unmarshal {json_kind(item)} into Go value of type string")
    return value


def set_config(draft: ImageDraft, body: Fields) -> None:
    """Lay the request's renderer, parser, version and info over the draft's config."""
    for key in ("renderer", "parser", "requires"):
        if body.get(key):
            draft.config[key] = body[key]
    info = body.get("info", {})
    for key, value in info.items():
        if key in _INFO_TEXTS:
            if not isinstance(value, str):
                raise Fault(f'info field "{key}" must be a string', 400)
            draft.config[_INFO_TEXTS[key]] = value
        elif key in _INFO_COUNTS:
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise Fault(f'info field "{key}" must be a non-negative integer', 400)
            draft.config[key] = value
        elif key == "capabilities":
            draft.config[key] = value
    if family := info.get("model_family"):
        draft.config["model_families"] = [family]


def check_template(template: str) -> None:
    """Raise Fault 400 when a Go template does not parse: open actions, blocks without end."""
    depth, rest, line = 0, template, 1
    while "{{" in rest:
        before, _, rest = rest.partition("{{")
        line += before.count("\n")
        action, closed, rest = rest.partition("}}")
        if not closed:
            raise Fault(f"template error: template: :{line}: unclosed action", 400)
        word = next(iter(action.strip("- \t\n").split()), "")
        depth += (word in ("if", "range", "with", "define", "block")) - (word == "end")
        if depth < 0:
            raise Fault(f"template error: template: :{line}: unexpected {{{{end}}}}", 400)
        line += action.count("\n")
    if depth:
        raise Fault(f"template error: template: :{line}: unexpected EOF", 400)
