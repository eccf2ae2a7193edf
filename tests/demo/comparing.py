"""What of an answer can be compared: texts and streams without what differs from run to run."""

from __future__ import annotations

import json
import re
from typing import Any

VARYING = {"digest", "modified_at", "expires_at", "created_at", "size", "size_vram", "created"}
VARYING |= {"recommendations", "signin_url", "id", "email"}
"""Keys whose values are the server's own; their types are compared."""
TYPE_ONLY_IN_INFO = {"model_info", "projector_info"}
UNORDERED = {"modelfile", "parameters"}

_RULES = (
    (r"sha256([:-])[0-9a-f]{64}", r"sha256\g<1>DIGEST"),
    (r"\b(pulling|pushing) [0-9a-f]{12}\b", r"\1 LAYER"),
    (r"(?<=127\.0\.0\.1:)\d+(?=->)", "PORT"),
    (r'(?<=exceeded: )Get "[^"]+": dial tcp \S+:', "BLOB HOST:"),
    (r"ts=\d+", "ts=TIME"),
    (r"blobs/sha256-\d+(?=:)", "blobs/TEMPORARY"),
)


def normal_text(text: str) -> str:
    """Return `text` without what differs from run to run: digests, ports, times."""
    for pattern, plain in _RULES:
        text = re.sub(pattern, plain, text)
    return text


def story(text: str) -> list[str]:
    """Return the statuses and the error of a stream; repeated ones and progress told once."""
    told: list[str] = []
    for line in text.splitlines():
        event = json.loads(line)
        words = f"error: {event['error']}" if "error" in event else event["status"]
        words = normal_text(words)
        if not told or told[-1] != words:
            told.append(words)
    return told


def event_shapes(text: str) -> set[tuple[tuple[str, str], ...]]:
    """Return which keys of which types the events of a stream have."""
    events = [json.loads(line) for line in text.splitlines()]
    return {tuple(sorted((k, type(v).__name__) for k, v in event.items())) for event in events}


def comparable(value: Any, key: str = "", *, listed: bool = False) -> Any:
    """Return `value` without what may differ: own values become types, orders are sorted."""
    if key in VARYING or (listed and key == "context_length"):
        return type(value).__name__
    if key in TYPE_ONLY_IN_INFO:
        return {k: "list" if isinstance(v, list) else v for k, v in value.items()}
    if isinstance(value, dict):
        return {k: comparable(v, k, listed=listed) for k, v in sorted(value.items())}
    if isinstance(value, list):
        items = [comparable(item, listed=listed) for item in value]
        return sorted(items) if key == "capabilities" else items
    if isinstance(value, str):
        text = normal_text(value)
        return sorted(text.splitlines()) if key in UNORDERED else text
    return value
