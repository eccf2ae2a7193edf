"""Endpoints that only look: the root, version, tags, show, status, account, recommendations."""

from __future__ import annotations

from typing import Any

import httpx

from ollama_tui.demo import describe
from ollama_tui.demo.cloud import cloud_show
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gojson import encode
from ollama_tui.demo.requests import Call, fields, required_model, valid_name
from ollama_tui.demo.respond import answer, json_answer, text
from ollama_tui.demo.state import Server
from ollama_tui.domain import names
from ollama_tui.domain.names import Name

SIGNIN_URL = "https://ollama.com/connect?name=demo-host&key=c3NoLWVkMjU1MTkgZGVtbw"


async def root(server: Server, call: Call) -> httpx.Response:
    """Answer that the server lives."""
    return text("Ollama is running", content_type="text/plain; charset=utf-8")


async def version(server: Server, call: Call) -> httpx.Response:
    """Answer the version."""
    return answer({"version": server.version})


async def tags(server: Server, call: Call) -> httpx.Response:
    """Answer the list of models, newest first in whole seconds."""
    store = server.store
    whole = [name for name, entry in store.entries.items() if describe.is_readable(store, entry)]
    whole.sort(key=lambda name: int(store.entries[name].modified.timestamp()), reverse=True)
    listed = b",".join(_listing(server, name) for name in whole)
    return json_answer(b'{"models":[' + listed + b"]}")


def _listing(server: Server, name: Name) -> bytes:
    entry = server.store.entries[name]
    known = server.listings.get(name)
    if known is not None and known[0] is entry:
        return known[1]
    image = describe.image(server.store, name, entry)
    encoded = encode(describe.listed(image, old=not server.since(0, 30)))
    server.listings[name] = (entry, encoded)
    return encoded


async def show(server: Server, call: Call) -> httpx.Response:
    """Answer all there is to know about one model, or pass the question to the cloud."""
    body = fields(
        call.data,
        "ShowRequest",
        model="string",
        name="string",
        verbose="bool",
        system="string",
        options="map[string]interface {}",
        template="string",
    )
    asked = required_model(body).strip()
    base, where = source_of(asked)
    if where == "cloud" and asked not in server.hostile:
        return cloud_show(server, base)
    image = found(server, asked, base)
    if image.remote:
        _refuse_remote(server, asked, where)
    return answer(
        describe.shown(
            image,
            verbose=bool(body.get("verbose")),
            system=str(body.get("system", "")),
            options=body.get("options", {}),
        )
    )


def source_of(text: str) -> tuple[str, str | None]:
    """Return the base name and where a suffix sends it; raises Fault 400 for two suffixes."""
    where = names.source(text)
    if where is None:
        return text, None
    cut = text.rpartition(":")[0] if _is_whole_tag(text) else text[: -len("-cloud")]
    if names.source(cut) is not None:
        raise Fault(f'use either :local or :cloud, not both: "{text}"', 400)
    return cut, where


def _is_whole_tag(text: str) -> bool:
    return text.rpartition(":")[2].lower() in ("cloud", "local")


def found(server: Server, asked: str, base: str) -> describe.Image:
    """Return the installed model; raises Fault 400 for a bad name and 404 for a missing one."""
    name = server.hostile.get(asked) or valid_name(base)
    image = describe.read(server.store, name)
    if image is None or not image.complete:
        raise Fault(f"model '{name.display}' not found", 404)
    return image


def _refuse_remote(server: Server, asked: str, where: str | None) -> None:
    if where == "local":
        raise Fault(f"model '{asked}' not found", 404)
    if server.cloud_disabled:
        raise Fault("ollama cloud is disabled: remote model details are unavailable", 403)


async def status(server: Server, call: Call) -> httpx.Response:
    """Answer whether cloud models are switched off."""
    source = "env" if server.cloud_disabled else "none"
    return answer({"cloud": {"disabled": server.cloud_disabled, "source": source}})


async def me(server: Server, call: Call) -> httpx.Response:
    """Answer who is signed in."""
    if not server.internet or server.cloud_disabled:
        raise Fault("account unavailable", 503)
    if server.account is None:
        raise Fault("unauthorized", 401, signin_url=SIGNIN_URL)
    user: dict[str, Any] = {"id": "00000000-0000-4000-8000-000000000001"}
    user |= {"email": f"{server.account}@example.com", "name": server.account, "plan": "free"}
    return answer(user)


async def signout(server: Server, call: Call) -> httpx.Response:
    """Sign out."""
    if not server.internet:
        raise Fault("there was an error signing out", 500)
    if server.account is None:
        raise Fault("you are not currently signed in", 401)
    server.account = None
    return answer(None)


async def recommendations(server: Server, call: Call) -> httpx.Response:
    """Answer the short list of models worth having."""
    return answer({"recommendations": RECOMMENDED})


def _cloud(model: str, description: str, context: int, output: int) -> dict[str, Any]:
    sizes = {"context_length": context, "max_output_tokens": output}
    return {"model": model, "description": description, **sizes}


RECOMMENDED: list[dict[str, Any]] = [
    _cloud("gpt-oss:120b-cloud", "Reasoning and tool use, run elsewhere", 131072, 32768),
    _cloud("qwen3-coder:480b-cloud", "Long coding tasks, run elsewhere", 262144, 65536),
    {
        "model": "gemma3:12b",
        "description": "Conversation about texts and images",
        "vram_bytes": 12_000_000_000,
    },
    {
        "model": "qwen3:8b",
        "description": "Reasoning and tools on one graphics card",
        "vram_bytes": 8_000_000_000,
    },
]
