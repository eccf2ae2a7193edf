"""What is asked of a server: its endpoints, one call of them, and the body of a create."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from ollama_tui.api import features
from ollama_tui.api.features import Feature
from ollama_tui.api.replies import Message
from ollama_tui.formatting import ELLIPSIS, inert

ParameterValue = bool | int | float | str | list[str]

DEFAULT_REGISTRY = "registry.ollama.ai"
"""The host of names that give none."""
_SUBJECT_LIMIT = 44


class Endpoint(NamedTuple):
    """One endpoint of the server."""

    verb: str
    method: str
    path: str
    """Below the base URL; `{}` stands for the model or digest."""
    failed: str
    """The first half of an error's title; `{}` stands for the model."""
    feature: str
    """What a server without this endpoint cannot do, as a gerund or a noun."""
    changes_server: bool
    """Whether it changes models, memory, registry or account: no read-only client sends it."""
    row: Feature | None = None
    """Since when there is this endpoint; None where all servers have it that are in use."""


LIST = Endpoint(
    "list", "GET", "/api/tags", "The models were not listed", "listing models", changes_server=False
)
RUNNING = Endpoint(
    "running",
    "GET",
    "/api/ps",
    "The running models were not listed",
    "listing running models",
    changes_server=False,
)
VERSION = Endpoint(
    "version", "GET", "/api/version", "The version was not read", "versions", changes_server=False
)
STATUS = Endpoint(
    "status",
    "GET",
    "/api/status",
    "The cloud status was not read",
    "cloud status",
    changes_server=False,
    row=features.CLOUD_STATUS,
)
SHOW = Endpoint(
    "show",
    "POST",
    "/api/show",
    "The details of {} were not read",
    "showing models",
    changes_server=False,
)
CREATE = Endpoint(
    "create", "POST", "/api/create", "{} was not created", "creating models", changes_server=True
)
PULL = Endpoint(
    "pull", "POST", "/api/pull", "{} was not pulled", "pulling models", changes_server=True
)
PUSH = Endpoint(
    "push", "POST", "/api/push", "{} was not pushed", "pushing models", changes_server=True
)
COPY = Endpoint(
    "copy", "POST", "/api/copy", "{} was not copied", "copying models", changes_server=True
)
DELETE = Endpoint(
    "delete", "DELETE", "/api/delete", "{} was not deleted", "deleting models", changes_server=True
)
HEAD_BLOB = Endpoint(
    "blob",
    "HEAD",
    "/api/blobs/{}",
    "The blob was not looked up",
    "blobs for new models",
    changes_server=False,
)
UPLOAD = Endpoint(
    "upload",
    "POST",
    "/api/blobs/{}",
    "The file was not uploaded",
    "uploading files",
    changes_server=True,
)
LOAD = Endpoint(
    "load", "POST", "/api/generate", "{} was not loaded", "loading models", changes_server=True
)
EMBED = Endpoint(
    "load",
    "POST",
    "/api/embed",
    "{} was not loaded",
    "loading embedding models",
    changes_server=True,
)
UNLOAD = Endpoint(
    "unload",
    "POST",
    "/api/generate",
    "{} was not unloaded",
    "unloading models",
    changes_server=True,
)
ME = Endpoint("me", "POST", "/api/me", "The account was not read", "accounts", changes_server=False)
SIGN_OUT = Endpoint(
    "sign-out", "POST", "/api/signout", "The sign-out failed", "signing out", changes_server=True
)
RECOMMENDATIONS = Endpoint(
    "recommendations",
    "GET",
    "/api/experimental/model-recommendations",
    "The recommendations were not read",
    "recommendations",
    changes_server=False,
    row=features.RECOMMENDATIONS,
)
MANIFEST = Endpoint(
    "manifest",
    "GET",
    "/v2/",
    "The registry's {} was not looked up",
    "manifests of models",
    changes_server=False,
)
"""Of a registry; `registry` makes the path from the parts of a name."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an endpoint: enough to send it, and to describe what did not happen."""

    endpoint: Endpoint
    model: str = ""
    """Model name as given, or the digest of a blob."""

    @property
    def path(self) -> str:
        """Path below the base URL."""
        path = self.endpoint.path
        return path.format(quote(self.model, safe=":")) if "{}" in path else path

    @property
    def subject(self) -> str:
        """The model for a sentence: inert, at most 44 characters."""
        name = inert(self.model).strip() or "a nameless model"
        if len(name) <= _SUBJECT_LIMIT:
            return name
        half = (_SUBJECT_LIMIT - 1) // 2
        return name[:half] + ELLIPSIS + name[-half:]

    @property
    def failed(self) -> str:
        """What did not happen, without a full stop: `qwen9 was not pulled`."""
        sentence = self.endpoint.failed.format(self.subject)
        return sentence if self.model.strip() else sentence[:1].upper() + sentence[1:]

    @property
    def registry(self) -> str:
        """Host part of the model name; the default registry when it has none."""
        parts = self.model.split("://", 1)[-1].split("/")
        return parts[0] if len(parts) > 2 else DEFAULT_REGISTRY


class CreateRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Body of `POST /api/create`; empty fields are not sent.

    `license` entries are added to those of the source, never replace them; `parameters` merge key
    by key; an empty `template`, `system` or `messages` keeps the source's.
    """

    model: str
    from_: str = msgspec.field(default="", name="from")
    files: dict[str, str] = {}
    """File name to `sha256:…` digest of an uploaded blob."""
    adapters: dict[str, str] = {}
    draft_files: dict[str, str] = {}
    """Of a draft model, for speculative decoding."""
    template: str = ""
    system: str = ""
    license: list[str] = []
    parameters: dict[str, ParameterValue] = {}
    messages: list[Message] = []
    quantize: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    capabilities: list[str] = []
    """Beside those that it inherits and those the server finds in its weights; since v0.40."""
    manifests: list[str] = msgspec.field(default_factory=list, name="list")
    """Names of models on the server, one a runner, whose manifests the new one lists: since v0.40,
    and in place of everything else."""
