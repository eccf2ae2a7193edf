"""What of an answer can be compared: texts and streams without what differs from run to run."""

from __future__ import annotations

import json
import re

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
