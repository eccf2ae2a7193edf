"""What to say of the cloud: an entry's details, and what stands in the way, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from ollama_tui.api.errors import (
    Busy,
    Forbidden,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    Refused,
    ServerFailed,
    Unauthorized,
    Unreachable,
)
from ollama_tui.api.replies import CloudStatus
from ollama_tui.domain.cloud import Entry
from ollama_tui.formatting import StyledLine, size

LABEL = 12
"""Cells of the labels."""
_KEY_PAGE = "ollama.com/settings/keys"
_BY_STATUS = {
    402: ("The account has used up what its plan allows.", "Wait, or change the plan there."),
    403: ("ollama.com does not allow this.", f"Check the key in OLLAMA_API_KEY at {_KEY_PAGE}."),
    404: ("ollama.com does not know this.", "R asks for the newest catalogue."),
    429: ("ollama.com asks to slow down.", "Wait a minute, then R asks again."),
    502: ("ollama.com is down or overloaded (502).", "Wait a while, then R asks again."),
}
_BY_KIND: tuple[tuple[type[OllamaError], str, str], ...] = (
    (
        Unreachable,
        "This machine cannot reach ollama.com.",
        "Check its connection and proxy settings, then R asks again.",
    ),
    (Interrupted, "The connection to ollama.com broke.", "R asks again."),
    (
        NotOllama,
        "Something else answers in place of ollama.com.",
        "Check this machine's proxy settings, then R asks again.",
    ),
    (
        Unauthorized,
        "ollama.com wants a key, or does not take the one it got.",
        f"Set OLLAMA_API_KEY to one from {_KEY_PAGE}, then start again.",
    ),
    (Forbidden, *_BY_STATUS[403]),
    (NotFound, *_BY_STATUS[404]),
    (Busy, *_BY_STATUS[429]),
    (ServerFailed, "ollama.com failed to answer.", "Wait a while, then R asks again."),
    (Refused, "ollama.com did not understand the question.", "A newer ollama-tui may do better."),
)


def explained(error: OllamaError) -> OllamaError:
    """Return an error of ollama.com in our words: its own are not repeated.

    Some servers repeat in their answer what they were sent, and that may be a key.
    """
    if isinstance(error, Refused) and error.status in _BY_STATUS:
        return OllamaError(*_BY_STATUS[error.status])
    for kind, title, hint in _BY_KIND:
        if isinstance(error, kind):
            return OllamaError(title, hint)
    return error


def disabled(status: CloudStatus) -> str:
    """Return that cloud models are switched off on the server and who did it; empty if not."""
    if not status.disabled:
        return ""
    places = {"env": ["OLLAMA_NO_CLOUD"], "config": ["disable_ollama_cloud in its server.json"]}
    places["both"] = places["env"] + places["config"]
    by = " and ".join(places.get(status.source, ["its settings"]))
    return f"Cloud models are switched off on this server by {by}: they can be pulled, not run."


def about(entry: Entry) -> list[StyledLine]:
    """Return the details of an entry."""
    lines: list[StyledLine] = [((entry.name, "strong"),)]
    if entry.description:
        lines.append(((entry.description, ""),))
    lines += [((f"{label:<{LABEL}}", "muted"), (value, "")) for label, value in _rows(entry)]
    if entry.runs_in_cloud and not entry.installed:
        lines.append((("p", "key"), (" pulls it: a few hundred bytes, no weights", "muted")))
    if entry.runs_in_cloud and entry.details is None:
        lines.append((("enter", "key"), (" asks ollama.com for more", "muted")))
    return lines


def _rows(entry: Entry) -> Iterator[tuple[str, str]]:
    model, advice = entry.model, entry.recommendation
    if entry.installed:
        yield "Installed", f"as {entry.installed}"
    if entry.runs_in_cloud:
        yield "Runs at", f"ollama.com, as {entry.offered}"
    if model.capabilities is not None:
        yield "Can", " ".join(sorted(model.capabilities)) or "nothing that it says"
    if model.listed.details.family:
        yield "Family", model.listed.details.family
    if model.context_length:
        yield "Context", f"{model.context_length:,} tokens"
    if advice is not None and advice.max_output_tokens:
        yield "Writes", f"up to {advice.max_output_tokens:,} tokens"
    if advice is not None and advice.vram_bytes:
        yield "Wants", f"{size(advice.vram_bytes)} VRAM"
    if advice is not None and advice.required_plan:
        yield "Plan", advice.required_plan
