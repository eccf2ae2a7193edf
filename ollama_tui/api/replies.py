"""The replies of an Ollama server, as frozen values.

Field names are Ollama's own. Every field has a default, so missing keys are fine; null, extra and
badly typed fields are handled by `decode`, where one bad field never costs the others.
Texts are raw, as the server sent them: make them inert (`formatting.inert`) before showing them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

MAX_INT64 = 2**63 - 1
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT64)]
"""A number of bytes or tokens, as Go counts them; anything else on the wire is a bad value."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time with its time zone."""

ShortText = Annotated[str, msgspec.Meta(max_length=1024)]
"""A name, a digest or a few words. A real name has at most 600 characters; longer ones are cut by
`decode` and end in CUT_MARK, so that columns, sorting and search never see megabytes."""

ShortTexts = Annotated[list[ShortText], msgspec.Meta(max_length=100)]
"""A few short texts; only the first 100 are read."""

LongText = Annotated[str, msgspec.Meta(max_length=4 * 1024 * 1024)]
"""A license, template or message; cut like ShortText."""

Shape = Annotated[list[Count], msgspec.Meta(max_length=16)]
"""Dimensions of a tensor; GGUF has at most four."""

CUT_MARK = "…\ufdd0"
"""The end of a text that was cut. Its second character never occurs in text, so the client
recognises a cut text and refuses to send it back."""


_TIME = msgspec.json.Decoder(datetime)
"""Faster than `msgspec.convert`, which counts: a list of 10,000 is sorted by its times."""


def time_of(text: str) -> datetime | None:
    """Return an RFC 3339 time, timezone-aware and rounded to the microsecond; None if it is none.

    Go's zero time is in year 1; it and year 9999 overflow when moved to another time zone.
    """
    try:
        time = _TIME.decode(f'"{text}"')
    except (msgspec.DecodeError, UnicodeEncodeError):  # the latter for half a surrogate pair
        return None
    return time if time.tzinfo is not None and 1 < time.year < 9999 else None


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Base of all replies: immutable, comparable by value."""


class ModelDetails(Reply, frozen=True):
    """`details` of tags, show and ps."""

    parent_model: ShortText = ""
    format: ShortText = ""
    family: ShortText = ""
    families: ShortTexts | None = None
    parameter_size: ShortText = ""
    quantization_level: ShortText = ""
    context_length: Count = 0
    """In tokens; 0 when unknown. Filled in tags only, since v0.30."""
    embedding_length: Count = 0
    runner: ShortText = ""
    """What runs it, `llamacpp`, `ggml` or `mlx`; sent since v0.40, in show only where the manifest
    names it."""


class ListedModel(Reply, frozen=True):
    """One entry of `GET /api/tags`."""

    name: ShortText = ""
    model: ShortText = ""
    modified_text: ShortText = msgspec.field(default="", name="modified_at")
    """Time of the manifest file as the server wrote it: RFC 3339, up to nine decimals."""
    size: Count = 0
    """Bytes of all layers and the config, shared ones in full."""
    digest: ShortText = ""
    """SHA-256 of the manifest file: 64 hex digits, no prefix."""
    details: ModelDetails = ModelDetails()
    capabilities: ShortTexts | None = None
    """None when the server (before v0.30) does not send them."""
    remote_model: ShortText = ""
    remote_host: ShortText = ""
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
    _, colon, tag = name.lower().rpartition(":")
    return bool(colon) and "/" not in tag and (tag == "cloud" or tag.endswith("-cloud"))


class RunningModel(Reply, frozen=True):
    """One entry of `GET /api/ps`."""

    name: ShortText = ""
    model: ShortText = ""
    size: Count = 0
    """Bytes in use by the runner."""
    size_vram: Count = 0
    """The part of `size` on GPUs."""
    digest: ShortText = ""
    details: ModelDetails = ModelDetails()
    expires_text: ShortText = msgspec.field(default="", name="expires_at")
    """When it is unloaded, as the server wrote it; see `expires_at`."""
    context_length: Count = 0
    """In tokens, as it was loaded with; 0 when not known yet."""
    runner: ShortText = ""
    """What really runs it, whatever the manifest names; sent since v0.40."""

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

    role: ShortText = ""
    content: LongText = ""


class Tensor(Reply, frozen=True):
    """Name, type and shape of one tensor."""

    name: ShortText = ""
    type: ShortText = ""
    shape: Shape = []


class Thinking(Reply, frozen=True):
    """`thinking` of show: what a chat may say for `think`, and what it gets when it says nothing.

    Levels such as `low` and `high`, or true and false. https://docs.ollama.com/capabilities/thinking
    """

    values: list[ShortText | bool] = []
    default: ShortText | bool | None = None


class ManifestSummary(Reply, frozen=True):
    """One entry of `manifests` of show: a manifest of that name whose blobs are on the server."""

    digest: ShortText = ""
    """`sha256:` and 64 hex digits."""
    runner: ShortText = ""
    format: ShortText = ""
    selected: bool = False
    """Whether it is the one that the rest of the answer is about."""


class Show(Reply, frozen=True):
    """`POST /api/show`.

    Cached on disk: raise `SHOW_FORMAT` in `services.cache` when a field is added or read
    differently, or models seen before keep the default.
    """

    license: LongText = ""
    modelfile: LongText = ""
    parameters: LongText = ""
    template: LongText = ""
    system: LongText = ""
    details: ModelDetails = ModelDetails()
    messages: list[Message] = []
    remote_model: ShortText = ""
    remote_host: ShortText = ""
    model_info: dict[str, Any] = {}
    """GGUF metadata; arrays are None unless asked for with verbose."""
    projector_info: dict[str, Any] = {}
    tensors: list[Tensor] = []
    capabilities: ShortTexts | None = None
    modified_text: ShortText = msgspec.field(default="", name="modified_at")
    """As in the list, but it may lag behind after a pull that changed nothing."""
    requires: ShortText = ""
    """The oldest version of Ollama that runs it, without a `v`."""
    manifests: list[ManifestSummary] = []
    """Sent since v0.40, and only where there are several to choose from."""
    thinking: Thinking | None = None
    """None from older servers, and for a model without metadata about it, which may still think."""
    template_source: ShortText = ""
    """What makes the prompt of a chat, such as `go_template` or `gguf_chat_template`; may be
    empty."""

    @property
    def modified_at(self) -> datetime | None:
        """`modified_text` to the microsecond; see `time_of`."""
        return time_of(self.modified_text)


class ManifestShow(Show, frozen=True):
    """One entry of `POST /api/show` with `all_manifests`."""

    runner: ShortText = ""
    """Empty for a manifest made before v0.40."""


class ShowManifests(Reply, frozen=True):
    """`POST /api/show` with `all_manifests`: every manifest of a name that is on the server."""

    manifests: list[ManifestShow] = []
    license: LongText = ""
    """The licenses of all of them, each once."""


class VerboseShow(Reply, frozen=True):
    """`POST /api/show` with `verbose`: metadata whole, each value still JSON text.

    A vocabulary of 250,000 tokens stays one text instead of as many objects;
    `msgspec.json.decode(value)` turns a single value into an object.
    """

    model_info: dict[str, str] = {}
    projector_info: dict[str, str] = {}
    tensors: list[Tensor] = []
    details: ModelDetails = ModelDetails()


class Progress(Reply, frozen=True):
    """Event, not state: one line of a pull, push or create stream."""

    status: ShortText = ""
    digest: ShortText = ""
    """Of the layer in progress; may be a dummy (nineteen zeros) or `sha256:model`."""
    total: Count = 0
    completed: Count = 0
    """Bytes; may start above 0 and may go down."""


class CloudStatus(Reply, frozen=True):
    """`cloud` of `GET /api/status`."""

    disabled: bool = False
    source: ShortText = "none"


class Status(Reply, frozen=True):
    """`GET /api/status`."""

    cloud: CloudStatus = CloudStatus()


class Account(Reply, frozen=True):
    """`POST /api/me`: who the server is signed in as."""

    id: ShortText = ""
    email: ShortText = ""
    name: ShortText = ""
    plan: ShortText = ""


class Recommendation(Reply, frozen=True):
    """One entry of `GET /api/experimental/model-recommendations`."""

    model: ShortText = ""
    description: ShortText = ""
    context_length: Count = 0
    max_output_tokens: Count = 0
    vram_bytes: Count = 0
    required_plan: ShortText = ""


class Loaded(Reply, frozen=True):
    """Answer to a load or unload."""

    model: ShortText = ""
    done_reason: ShortText = ""


class Layer(Reply, frozen=True, rename={"media_type": "mediaType"}):
    """One blob of a manifest; a registry that leaves anything out has sent no manifest."""

    media_type: ShortText
    digest: ShortText
    """`sha256:` and 64 hex digits."""
    size: Count
    """Bytes."""


class Manifest(Reply, frozen=True):
    """A model in a registry, for one runner: all of it, as blobs."""

    config: Layer
    layers: tuple[Layer, ...]
    runner: ShortText = ""
    """What it is for, `llamacpp`, `ggml` or `mlx`; empty before Ollama 0.40, and where any is."""

    @property
    def everything(self) -> tuple[Layer, ...]:
        """Layers in order, the config last: what a pull asks for."""
        return (*self.layers, self.config)

    @property
    def size(self) -> int:
        """Bytes as the list of a server counts them: a layer named twice counts twice."""
        return sum(layer.size for layer in self.everything)


class ListedManifest(Reply, frozen=True):
    """One manifest of a list, which registries have for several runners since Ollama 0.40."""

    digest: str
    """SHA-256 of the manifest, 64 hex digits; empty for one that is `embedded`."""
    runner: str = ""
    """What it is for: `llamacpp`, `ggml` or `mlx`."""
    manifest: Manifest | None = None
    """The manifest, where the list holds it whole; else it is a blob of the registry."""
    embedded: bytes = b""
    """The JSON of that manifest as it is in the list; its server gives it a digest of its own."""
