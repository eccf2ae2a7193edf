"""A server that lists a row for each manifest of a name, as the preview of 0.40 does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from ollama_tui.demo.http import text_answer
from tests.demo.levers import Demo, LeverTransport, Seen

TIME = "2026-11-01T12:00:00Z"


@dataclass
class Row:
    """One row of the list."""

    name: str
    digest: str
    runner: str = "llamacpp"
    size: int = 1_000_000_000
    loaded: bool = False


class RowsDemo(Demo):
    """Answers list, running models, show, load, copy and delete from `rows`."""

    def __init__(self, *rows: Row) -> None:
        super().__init__()
        self.rows = list(rows)

    def transport(self) -> httpx.AsyncBaseTransport:
        return RowsTransport(self)

    def row(self, name: str, runner: str) -> Row | None:
        """Return the row that a request means: the first one where no runner is given."""
        rows = (row for row in self.rows if row.name == name and runner in ("", row.runner))
        return next(rows, None)

    def answer(self, path: str, body: dict[str, Any]) -> object:
        """Return what is answered to a request; None for 404."""
        row = self.row(body.get("model", body.get("source", "")), body.get("runner", ""))
        match path:
            case "/api/tags":
                return {"models": [_listed(row) for row in self.rows]}
            case "/api/ps":
                return {"models": [_running(row) for row in self.rows if row.loaded]}
            case "/api/delete":
                return self._delete(body["model"])
            case "/api/show":
                return None if row is None else self._shown(row)
            case "/api/generate" if row is not None:
                row.loaded = body.get("keep_alive") != 0
                return {"model": row.name, "done": True, "done_reason": "load"}
            case "/api/copy":
                of_name = [row for row in self.rows if row.name == body["source"]]
                copies = [Row(body["destination"], r.digest, r.runner, r.size) for r in of_name]
                self.rows += copies
                return {"status": "success"}
        return None

    def _delete(self, target: str) -> object:
        digest = target.removeprefix("sha256-")
        left = [row for row in self.rows if target != row.name and digest != row.digest]
        gone = len(left) < len(self.rows)
        self.rows = left
        return "" if gone else None

    def _shown(self, row: Row) -> object:
        mine = [other for other in self.rows if other.name == row.name]
        manifests = [
            {"digest": f"sha256:{r.digest}", "runner": r.runner, "format": "gguf",
             "selected": r is row}
            for r in mine
        ]  # fmt: skip
        return {
            "details": {"runner": row.runner, "format": "gguf"},
            "system": f"I am {row.digest[:4]}.",
            "capabilities": ["completion"],
            "manifests": manifests if len(mine) > 1 else [],
        }


class RowsTransport(LeverTransport):
    """Answers from the rows of the demo, and leaves all else to it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        demo, path = self._demo, request.url.path
        assert isinstance(demo, RowsDemo)
        known = {"tags", "ps", "show", "generate", "copy", "delete"}
        if request.url.host == "ollama.com" or path.removeprefix("/api/") not in known:
            return await super().handle_async_request(request)
        body = json.loads(await request.aread() or b"{}")
        demo.requests.append(Seen(request.method, path, body))
        answer = self._planned(path)
        if answer is None:
            said = demo.answer(path, body)
            if said is None:
                answer = text_answer('{"error":"model not found"}', 404, "application/json")
            else:
                content = said if isinstance(said, str) else json.dumps(said)
                answer = text_answer(content, 200, "application/json")
        answer.request = request
        return answer


def _listed(row: Row) -> dict[str, object]:
    details = {"runner": row.runner, "format": "gguf", "family": "llama", "parameter_size": "1B"}
    return {
        "name": row.name,
        "model": row.name,
        "digest": row.digest,
        "size": row.size,
        "modified_at": TIME,
        "details": details,
        "capabilities": ["completion"],
    }


def _running(row: Row) -> dict[str, object]:
    return {"name": row.name, "digest": row.digest, "size": 10**9, "runner": "llamacpp"}
