"""Recorded exchanges with real servers, by name: the files of `tests/traces`.

No two recordings share a name: those of 0.40 begin with the build that answered.
"""

from __future__ import annotations

import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

from ollama_tui.api.replies import Show

FOLDER = Path(__file__).parent / "traces"
RAW = FOLDER / "raw"
"""Requests to 0.33 that our client cannot send."""
FOLDER_040 = FOLDER / "v040"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
"""What 0.33 answered."""
RAW_NAMES = tuple(sorted(path.stem for path in RAW.glob("*.json")))
NAMES_PREVIEW = tuple(sorted(path.stem for path in FOLDER_040.glob("v2-*.json")))
"""What a preview of 0.40 answered: copy answers with nothing, one row a child in the list."""
NAMES_040 = tuple(sorted(path.stem for path in FOLDER_040.glob("r040-*.json")))
"""What 0.40.2 answers: copy with a status, one row a name in the list, shadows hidden."""


class Trace:
    """One recorded exchange."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        data = json.loads(path.read_text("utf-8"))
        self.request: dict[str, Any] = data["request"]
        self.response: dict[str, Any] = data["response"]
        self.observed: dict[str, Any] = data.get("observed") or {}
        """What the recorder saw besides: of 0.40, how the store changed."""

    @property
    def method(self) -> str:
        return str(self.request["method"])

    @property
    def path(self) -> str:
        return str(self.request["path"])

    @property
    def body(self) -> dict[str, Any]:
        """The JSON the recorder sent."""
        return dict(self.request.get("body") or {})

    @property
    def sent(self) -> bytes:
        """The body of the request, whatever it was."""
        if self.request.get("body") is not None:
            return json.dumps(self.request["body"]).encode()
        if "body_bytes_hex" in self.request:
            return bytes.fromhex(self.request["body_bytes_hex"])
        return str(self.request.get("body_text", "")).encode()

    @property
    def status(self) -> int:
        return int(self.response["status"])

    @property
    def content_type(self) -> str | None:
        headers = self.response["headers"].items()
        return next((value for key, value in headers if key.lower() == "content-type"), None)

    @property
    def client_left(self) -> bool:
        return bool(self.response.get("client_aborted"))

    @property
    def was_cut(self) -> bool:
        return bool(self.response.get("connection_closed_early"))

    @cached_property
    def chunks(self) -> tuple[bytes, ...]:
        """The body of the answer as it came, chunk by chunk."""
        if "chunks" in self.response:
            return tuple(chunk["text"].encode() for chunk in self.response["chunks"])
        return (self.response.get("body", "").encode(),)

    @property
    def text(self) -> str:
        """The body of the answer, chunks joined."""
        return b"".join(self.chunks).decode()

    @property
    def answer(self) -> Any:
        """The body of the answer as JSON, read independently of the client."""
        return json.loads(self.text)

    @property
    def events(self) -> list[tuple[float, dict[str, Any]]]:
        """The seconds at which each event of a stream came, and the event."""
        chunks = self.response.get("chunks", [])
        return [(chunk["t_ms"] / 1000, json.loads(chunk["text"])) for chunk in chunks]


@cache
def recorded(name: str) -> Trace:
    """Return one exchange."""
    folders = (FOLDER, RAW, FOLDER_040)
    return Trace(next(file for folder in folders if (file := folder / f"{name}.json").exists()))


def recorded_show(name: str) -> Show:
    """Return the reply of a recorded show."""
    return msgspec.convert(recorded(name).answer, Show, strict=False)
