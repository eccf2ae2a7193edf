"""A model in the making: a config and layers, each known to be new or already there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ollama_tui.demo.describe import Image
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gojson import encode, kind
from ollama_tui.demo.requests import Fields
from ollama_tui.demo.store import Blob, Kind, Layer, Manifest, Store, blob_of
from ollama_tui.demo.weights import Weights, parameter_size

_INFO_TEXTS = {
    "model_family": "model_family",
    "base_name": "base_name",
    "quantization_level": "file_type",
    "parameter_size": "model_type",
}
_INFO_COUNTS = ("context_length", "embedding_length")


@dataclass(slots=True)
class Draft:
    """What create has put together so far."""

    store: Store
    config: dict[str, Any] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    unchecked: set[str] = field(default_factory=set)
    """Digests of model layers that came from files and were not validated yet."""
    new: set[str] = field(default_factory=set)
    """Digests that were not in the store before."""

    def take(self, image: Image) -> None:
        """Start from an installed model: its config, and its layers marked with its name."""
        self.config = dict(image.config)
        source = image.name.display
        self.layers = [
            Layer(layer.media_type, layer.digest, layer.size, source)
            for layer in image.entry.manifest.layers
        ]

    def add(self, kind: Kind, blob: Blob) -> None:
        """Append a layer."""
        if blob.digest not in self.store.blobs:
            self.new.add(blob.digest)
        self.layers.append(self.store.layer(kind, blob))

    def replace(self, kind: Kind, data: bytes) -> None:
        """Append a layer instead of all others of its kind."""
        self.layers = [layer for layer in self.layers if layer.kind != kind]
        self.add(kind, blob_of(data))

    def exchange(self, old: Layer, blob: Blob) -> None:
        """Put other weights in the place of a layer."""
        if blob.digest not in self.store.blobs:
            self.new.add(blob.digest)
        self.layers[self.layers.index(old)] = self.store.layer("model", blob)

    def of(self, kind: Kind) -> list[Layer]:
        """Return the layers of one kind."""
        return [layer for layer in self.layers if layer.kind == kind]

    def describe(self, weights: Weights) -> None:
        """Let the config say what the weights are."""
        self.config |= {
            "model_format": "gguf",
            "model_family": weights.architecture,
            "model_families": [weights.architecture],
            "model_type": parameter_size(weights.parameter_count),
            "file_type": weights.file_type,
        }

    def status(self, layer: Layer) -> str:
        """Return the event text of a layer."""
        what = "creating new" if layer.digest in self.new else "using existing"
        return f"{what} layer {layer.digest}"

    def manifest(self) -> Manifest:
        """Return the finished manifest."""
        diff = {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]}
        system = {"architecture": "amd64", "os": "linux", "rootfs": diff}
        return Manifest(self.store.config(self.config | system), tuple(self.layers))


def set_texts(draft: Draft, body: Fields) -> None:
    """Lay the request's template, system, licenses, parameters and messages over the draft."""
    if template := body.get("template"):
        check_template(template)
        draft.replace("template", template.encode())
    if system := body.get("system"):
        draft.replace("system", system.encode())
    for text in licenses(body.get("license")):
        draft.add("license", blob_of(text.encode()))
    if parameters := _parameters(draft) | dict(body.get("parameters", {})):
        draft.replace("params", encode(parameters))
    if messages := body.get("messages"):
        draft.replace("messages", encode([_message(message) for message in messages]))


def _parameters(draft: Draft) -> dict[str, Any]:
    layers = draft.of("params")
    return dict(draft.store.open(layers[0].digest).json) if layers else {}


def _message(message: dict[str, Any]) -> dict[str, str]:
    return {
        "role": str(message.get("role", "")).lower(),
        "content": str(message.get("content", "")),
    }


def licenses(value: Any) -> list[str]:
    """Return the licenses of a request: one text, a list of texts, or none. Raises Fault."""
    if value in (None, "", []):
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise Fault(f"json: cannot unmarshal {kind(value)} into Go value of type []string")
    for item in value:
        if not isinstance(item, str):
            raise Fault(f"json: cannot unmarshal {kind(item)} into Go value of type string")
    return value


def set_config(draft: Draft, body: Fields) -> None:
    """Lay the request's renderer, parser, version and info over the draft's config."""
    for key in ("renderer", "parser", "requires"):
        if body.get(key):
            draft.config[key] = body[key]
    for key, value in body.get("info", {}).items():
        if key in _INFO_TEXTS:
            draft.config[_INFO_TEXTS[key]] = _checked(
                key, value, isinstance(value, str), "a string"
            )
        elif key in _INFO_COUNTS:
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            draft.config[key] = _checked(key, value, whole, "a non-negative integer")
        elif key == "capabilities":
            draft.config[key] = value
    if family := body.get("info", {}).get("model_family"):
        draft.config["model_families"] = [family]


def _checked(key: str, value: Any, fine: bool, wanted: str) -> Any:
    if not fine:
        raise Fault(f'info field "{key}" must be {wanted}', 400)
    return value


def check_template(template: str) -> None:
    """Raise Fault 400 when a Go template does not parse: open actions, blocks without end."""
    depth, rest, line = 0, template, 1
    while "{{" in rest:
        before, _, rest = rest.partition("{{")
        line += before.count("\n")
        action, closed, rest = rest.partition("}}")
        if not closed:
            raise Fault(f"template error: template: :{line}: unclosed action", 400)
        depth += _depth_change(action)
        if depth < 0:
            raise Fault(f"template error: template: :{line}: unexpected {{{{end}}}}", 400)
        line += action.count("\n")
    if depth:
        raise Fault(f"template error: template: :{line}: unexpected EOF", 400)


def _depth_change(action: str) -> int:
    words = action.strip("- \t\n").split(None, 1)
    if not words:
        return 0
    if words[0] == "end":
        return -1
    return int(words[0] in ("if", "range", "with", "define", "block"))
