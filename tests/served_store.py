"""A server that lists what is in a real folder, as the recorded servers do; it runs nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx

from ollama_tui.domain.storage.contents import Contents
from ollama_tui.services.store.reader import ModelStore

RELEASE, OLD = "0.40.2", "0.33.0"


class ServedStore(httpx.AsyncBaseTransport):
    """Answers for the store in `root`, which is on this machine."""

    def __init__(self, root: Path, version: str = RELEASE, *, room: int | None = None) -> None:
        self.root = root
        self.version = version
        self.room = room
        """Bytes left on its disk; None for what there is."""
        self.listed_root = root
        """What it lists: another folder than `root` where the client takes the wrong one."""
        self.lists_left = 1_000_000
        """How many more times it lists its models."""

    def models_folder(self) -> Path:
        """Return the store."""
        return self.root

    def disk(self) -> tuple[int, int]:
        """Return the bytes that are left on its disk, and those of all of it."""
        room = 10**12 if self.room is None else self.room
        return room, max(room, 10**12)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        match request.url.path:
            case "/api/version":
                return httpx.Response(200, json={"version": self.version})
            case "/api/tags" if self.lists_left:
                self.lists_left -= 1
                return httpx.Response(200, json={"models": self._tags()})
            case "/api/ps":
                return httpx.Response(200, json={"models": []})
            case "/api/show":
                asked = json.loads(await request.aread())["model"]
                text = f"# of {asked}\nFROM {self.root}/blobs/sha256-{'0' * 64}\n"
                return httpx.Response(200, json={"modelfile": text, "details": {}})
        return httpx.Response(404, json={"error": "not found"})

    def _tags(self) -> list[dict[str, object]]:
        contents = self.contents()
        return [
            {
                "name": name,
                "model": name,
                "digest": manifest.digest,
                "size": manifest.size,
                "modified_at": datetime.fromtimestamp(
                    contents.counted[name].modified, UTC
                ).isoformat(),
                "details": {"format": "gguf"},
            }
            for name, manifest in contents.listed().items()
        ]

    def contents(self) -> Contents:
        """Return the store as a server of this version sees it."""
        contents = ModelStore(self.listed_root).read()
        return contents.for_old_server if self.version == OLD else contents
