"""Recorded exchanges with a real server, as data to compare the demo with."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

FOLDERS = (Path(__file__).parents[1] / "traces", Path(__file__).parents[1] / "traces" / "raw")
NAMES = tuple(sorted(path.stem for folder in FOLDERS for path in folder.glob("*.json")))
_RULES = (
    (r"sha256([:-])[0-9a-f]{64}", r"sha256\g<1>DIGEST"),
    (r"\b(pulling|pushing) [0-9a-f]{12}\b", r"\1 LAYER"),
    (r"(?<=127\.0\.0\.1:)\d+(?=->)", "PORT"),
    (r'(?<=exceeded: )Get "[^"]+": dial tcp \S+:', "BLOB HOST:"),
    (r"ts=\d+", "ts=TIME"),
    (r"blobs/sha256-\d+(?=:)", "blobs/TEMPORARY"),
)


@cache
def recorded(name: str) -> dict[str, Any]:
    """Return one exchange."""
    path = next(folder / f"{name}.json" for folder in FOLDERS if (folder / f"{name}.json").exists())
    return dict(json.loads(path.read_text("utf-8")))


def request_body(name: str) -> bytes:
    """Return the recorded request's body."""
    request = recorded(name)["request"]
    if request.get("body") is not None:
        return json.dumps(request["body"]).encode()
    if "body_bytes_hex" in request:
        return bytes.fromhex(request["body_bytes_hex"])
    return str(request.get("body_text", "")).encode()


def response_text(name: str) -> str:
    """Return the recorded answer's body, chunks joined."""
    response = recorded(name)["response"]
    if "chunks" in response:
        return "".join(chunk["text"] for chunk in response["chunks"])
    return str(response.get("body", ""))


def answer(name: str) -> Any:
    """Return the recorded answer's JSON."""
    return json.loads(response_text(name))


def content_type(name: str) -> str | None:
    """Return the recorded answer's content type."""
    headers = recorded(name)["response"]["headers"]
    return next((value for key, value in headers.items() if key.lower() == "content-type"), None)


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
