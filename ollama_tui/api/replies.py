"""The replies of an Ollama server, as frozen values.

Field names are Ollama's own. Every field has a default, so missing keys are fine; null, extra and
badly typed fields are handled by `decode`, where one bad field never costs the others.
Texts are raw, as the server sent them: make them inert (`formatting.inert`) before showing them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

MOST = 2**63 - 1
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
"""A number of bytes or tokens, as Go counts them; anything else on the wire is a bad value."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time with its time zone."""

Word = Annotated[str, msgspec.Meta(max_length=1024)]
"""A name, a digest or a few words. A real name has at most 600 characters; what is longer is cut
by `decode` and ends in CUT, so that no column, sort or search ever has megabytes to go through."""

Words = Annotated[list[Word], msgspec.Meta(max_length=100)]
"""A handful of words; of more, the first."""

Text = Annotated[str, msgspec.Meta(max_length=4 * 1024 * 1024)]
"""A license, template or conversation; what is longer is cut like a word."""

Shape = Annotated[list[Count], msgspec.Meta(max_length=16)]
"""Lengths of a tensor's sides; GGUF knows four."""

CUT = "…\ufdd0"
"""How a text ends that was cut. The second character never occurs in a text, so that the client can
tell, and refuses to send any such text back."""


def time_of(text: str) -> datetime | None:
    """Return an RFC 3339 time, timezone-aware and rounded to the microsecond; None if it is none.

    Go's zero time is in year 1; it and year 9999 overflow when moved to another time zone.
    """
    try:
        time = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
    return time if time.tzinfo is not None and 1 < time.year < 9999 else None


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Base of all replies: immutable, comparable by value."""


class ModelDetails(Reply, frozen=True):
    """`details` of tags, show and ps."""

    parent_model: Word = ""
    format: Word = ""
    family: Word = ""
    families: Words | None = None
    parameter_size: Word = ""
    quantization_level: Word = ""
    context_length: Count = 0
    """In tokens; 0 when unknown. Filled in tags only, since v0.30."""
    embedding_length: Count = 0


class ListedModel(Reply, frozen=True):
    """One entry of `GET /api/tags`."""

    name: Word = ""
    model: Word = ""
    modified_text: Word = msgspec.field(default="", name="modified_at")
    """Time of the manifest file as the server wrote it: RFC 3339, up to nine decimals."""
    size: Count = 0
    """Bytes of all layers and the config, shared ones in full."""
    digest: Word = ""
    """SHA-256 of the manifest file: 64 hex digits, no prefix."""
    details: ModelDetails = ModelDetails()
    capabilities: Words | None = None
    """None when the server (before v0.30) does not send them."""
    remote_model: Word = ""
    remote_host: Word = ""
    """Set for cloud stubs only."""

    @property
    def modified_at(self) -> datetime | None:
        """`modified_text` to the microsecond; see `time_of`."""
        return time_of(self.modified_text)

    @property
    def has_cloud_tag(self) -> bool:
        """Whether a server passes this name on to ollama.com, whatever it is here."""
        return is_cloud_name(self.name)


def is_cloud_name(name: str) -> bool:
    """Whether a name has the tag `cloud`, or one ending in `-cloud`."""
    tag = name.lower().rpartition(":")[2]
    return ":" in name and (tag == "cloud" or tag.endswith("-cloud"))


class RunningModel(Reply, frozen=True):
    """One entry of `GET /api/ps`."""

    name: Word = ""
    model: Word = ""
    size: Count = 0
    """Bytes in use by the runner."""
    size_vram: Count = 0
    """The part of `size` on GPUs."""
    digest: Word = ""
    details: ModelDetails = ModelDetails()
    expires_text: Word = msgspec.field(default="", name="expires_at")
    """When it is unloaded, as the server wrote it; see `expires_at`."""
    context_length: Count = 0
    """In tokens, as it was loaded with; 0 when not known yet."""

    @property
    def expires_at(self) -> datetime | None:
        """`expires_text` to the microsecond; the past while it is unloading, 2318 for never."""
        return time_of(self.expires_text)


class Answers(NamedTuple):
    """The answers a list is made of: installed models, running models and version."""

    listed: tuple[ListedModel, ...]
    running: tuple[RunningModel, ...]
    version: str


class Message(Reply, frozen=True):
    """One line of a conversation stored in a model."""

    role: Word = ""
    content: Text = ""


class Tensor(Reply, frozen=True):
    """Name, type and shape of one tensor."""

    name: Word = ""
    type: Word = ""
    shape: Shape = []


class Show(Reply, frozen=True):
    """`POST /api/show`."""

    license: Text = ""
    modelfile: Text = ""
    parameters: Text = ""
    template: Text = ""
    system: Text = ""
    details: ModelDetails = ModelDetails()
    messages: list[Message] = []
    remote_model: Word = ""
    remote_host: Word = ""
    model_info: dict[str, Any] = {}
    """GGUF metadata; arrays are None unless asked for with verbose."""
    projector_info: dict[str, Any] = {}
    tensors: list[Tensor] = []
    capabilities: Words | None = None
    modified_text: Word = msgspec.field(default="", name="modified_at")
    """As in the list, but it may lag behind after a pull that changed nothing."""
    requires: Word = ""
    """The oldest version of Ollama that runs it, without a `v`."""

    @property
    def modified_at(self) -> datetime | None:
        """`modified_text` to the microsecond; see `time_of`."""
        return time_of(self.modified_text)


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


class Progress(Reply, frozen=True):
    """One event of a pull, push or create stream."""

    status: Word = ""
    digest: Word = ""
    """Of the layer at work; may be a dummy (nineteen zeros) or `sha256:model`."""
    total: Count = 0
    completed: Count = 0
    """Bytes; may start above 0 and may go down."""


class CloudStatus(Reply, frozen=True):
    """`cloud` of `GET /api/status`."""

    disabled: bool = False
    source: Word = "none"


class Status(Reply, frozen=True):
    """`GET /api/status`."""

    cloud: CloudStatus = CloudStatus()


class Account(Reply, frozen=True):
    """`POST /api/me`: who the server is signed in as."""

    id: Word = ""
    email: Word = ""
    name: Word = ""
    plan: Word = ""


class Recommendation(Reply, frozen=True):
    """One entry of `GET /api/experimental/model-recommendations`."""

    model: Word = ""
    description: Word = ""
    context_length: Count = 0
    max_output_tokens: Count = 0
    vram_bytes: Count = 0
    required_plan: Word = ""


class Loaded(Reply, frozen=True):
    """Answer to a load or unload."""

    model: Word = ""
    done_reason: Word = ""


class Layer(Reply, frozen=True, rename={"media_type": "mediaType"}):
    """One blob of a manifest; a registry that leaves anything out has sent no manifest."""

    media_type: str
    digest: str
    """`sha256:` and 64 hex digits."""
    size: Count
    """Bytes."""


class Manifest(Reply, frozen=True):
    """A model in a registry: all of it, as blobs."""

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
