"""Request bodies whose shape matters."""

from __future__ import annotations

import msgspec

from ollama_tui.api.replies import Message

ParameterValue = bool | int | float | str | list[str]


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
