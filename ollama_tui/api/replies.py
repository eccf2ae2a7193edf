"""What an Ollama server answers, as frozen values.

Field names are Ollama's own. Every field has a default, so missing keys are fine; null, extra and
badly typed fields are dealt with by `decode`, which never lets one bad field lose the rest.
Texts are raw, as the server sent them: make them inert (`ollama_tui.text.inert`) before showing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A number of bytes or tokens, as Go counts them; anything else on the wire is a bad value."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its time zone."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Base of all replies: immutable, comparable by value."""


class ModelDetails(Reply, frozen=True):
    """`details` of tags, show and ps."""

    parent_model: str = ""
    format: str = ""
    family: str = ""
    families: list[str] | None = None
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: Count = 0
    """In tokens; 0 when unknown. Filled in tags only, since v0.30."""
    embedding_length: Count = 0


class ListedModel(Reply, frozen=True):
    """One entry of `GET /api/tags`."""

    name: str = ""
    model: str = ""
    modified_at: Time | None = None
    """Time of the manifest file, timezone-aware; None for Go's zero time."""
    size: Count = 0
    """Bytes of all layers and the config, shared ones in full."""
    digest: str = ""
    """SHA-256 of the manifest file: 64 hex digits, no prefix."""
    details: ModelDetails = ModelDetails()
    capabilities: list[str] | None = None
    """None when the server (before v0.30) does not say."""
    remote_model: str = ""
    remote_host: str = ""
    """Set for cloud stubs only."""

    @property
    def has_cloud_tag(self) -> bool:
        """Whether a server passes this name on to ollama.com, whatever it stands for here."""
        return is_cloud_name(self.name)


def is_cloud_name(name: str) -> bool:
    """Whether a name has the tag `cloud`, or one ending in `-cloud`."""
    tag = name.lower().rpartition(":")[2]
    return ":" in name and (tag == "cloud" or tag.endswith("-cloud"))


class RunningModel(Reply, frozen=True):
    """One entry of `GET /api/ps`."""

    name: str = ""
    model: str = ""
    size: Count = 0
    """Bytes in use by the runner."""
    size_vram: Count = 0
    """The part of `size` on GPUs."""
    digest: str = ""
    details: ModelDetails = ModelDetails()
    expires_at: Time | None = None
    context_length: Count = 0


class Answers(NamedTuple):
    """What a server says when asked how things stand: list, running models and version."""

    listed: tuple[ListedModel, ...]
    running: tuple[RunningModel, ...]
    version: str


class Message(Reply, frozen=True):
    """One line of a conversation stored in a model."""

    role: str = ""
    content: str = ""


class Tensor(Reply, frozen=True):
    """Name, type and shape of one tensor."""

    name: str = ""
    type: str = ""
    shape: list[int] = []


class Show(Reply, frozen=True):
    """`POST /api/show`."""

    license: str = ""
    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    details: ModelDetails = ModelDetails()
    messages: list[Message] = []
    remote_model: str = ""
    remote_host: str = ""
    model_info: dict[str, Any] = {}
    """GGUF metadata; arrays are None unless asked for with verbose."""
    projector_info: dict[str, Any] = {}
    tensors: list[Tensor] = []
    capabilities: list[str] | None = None
    modified_at: Time | None = None
    requires: str = ""


class VerboseShow(Reply, frozen=True):
    """`POST /api/show` with `verbose`: metadata whole, each value still JSON text.

    A vocabulary of 250,000 tokens stays one slice of the answer instead of as many objects;
    `msgspec.json.decode(value)` turns a single value into an object. A value shares the bytes of
    the whole answer: keep what was decoded, not the value.
    """

    model_info: dict[str, msgspec.Raw] = {}
    projector_info: dict[str, msgspec.Raw] = {}
    tensors: list[Tensor] = []
    details: ModelDetails = ModelDetails()
    modified_at: Time | None = None


class Progress(Reply, frozen=True):
    """One event of a pull, push or create stream."""

    status: str = ""
    digest: str = ""
    """Of the layer at work; may be a dummy (nineteen zeros) or `sha256:model`."""
    total: Count = 0
    completed: Count = 0
    """Bytes; may start above 0 and may go down."""


class CloudStatus(Reply, frozen=True):
    """`cloud` of `GET /api/status`."""

    disabled: bool = False
    source: str = "none"


class Status(Reply, frozen=True):
    """`GET /api/status`."""

    cloud: CloudStatus = CloudStatus()


class Account(Reply, frozen=True):
    """`POST /api/me`: who the server is signed in as."""

    id: str = ""
    email: str = ""
    name: str = ""
    plan: str = ""


class Recommendation(Reply, frozen=True):
    """One entry of `GET /api/experimental/model-recommendations`."""

    model: str = ""
    description: str = ""
    context_length: Count = 0
    max_output_tokens: Count = 0
    vram_bytes: Count = 0
    required_plan: str = ""


class Loaded(Reply, frozen=True):
    """Answer to a load or unload."""

    model: str = ""
    done_reason: str = ""


class Layer(Reply, frozen=True, rename={"media_type": "mediaType"}):
    """One blob of a manifest; a registry that leaves anything out has sent no manifest."""

    media_type: str
    digest: str
    """`sha256:` and 64 hex digits."""
    size: Count
    """Bytes."""


class Manifest(Reply, frozen=True):
    """What a registry answers for a model: all there is to it, as blobs."""

    config: Layer
    layers: tuple[Layer, ...]

    @property
    def everything(self) -> tuple[Layer, ...]:
        """Layers in order, the config last: what a pull asks for."""
        return (*self.layers, self.config)

    @property
    def size(self) -> int:
        """Bytes as the list of a server counts them: a layer named twice counts twice."""
        return sum(layer.size for layer in self.everything)
