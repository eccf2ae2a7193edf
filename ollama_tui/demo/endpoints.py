"""Endpoints that answer at once: list, show, copy, delete, blobs, the account; and ollama.com."""

from __future__ import annotations

import re
from contextlib import suppress
from hashlib import sha256
from typing import Any

import httpx

from ollama_tui.demo import describe
from ollama_tui.demo.http import (
    STREAMED_JSON,
    Fault,
    Fields,
    IncomingRequest,
    answer,
    encode,
    fields,
    no_content,
    required_model,
    text_answer,
    valid_name,
)
from ollama_tui.demo.manifest import (
    RUNNER_SPELLINGS,
    BlobFile,
    ManifestFile,
    ManifestList,
    NoCompatible,
)
from ollama_tui.demo.store import FOLDER, DemoServer
from ollama_tui.demo.weights import Shape, parameter_size, read_gguf
from ollama_tui.domain import names
from ollama_tui.domain.names import Name
from ollama_tui.importing.gguf import MAGIC

HEAD = 32 * 1024 * 1024
"""Bytes of an upload that are read; a model's metadata is at its beginning."""
SMALL = 64 * 1024
"""Bytes that are stored of a file that is no readable GGUF."""
DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}")
SIGNIN_URL = "https://ollama.com/connect?name=demo-host&key=c3NoLWVkMjU1MTkgZGVtbw"


async def root(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer that the server lives."""
    return text_answer("Ollama is running", content_type="text/plain; charset=utf-8")


async def version(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer the version."""
    return answer({"version": server.version})


async def tags(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer the list of models, newest first."""
    found = [(entry, _rows(server, name, entry)) for name, entry in server.store.entries.items()]
    if server.release.whole_seconds:
        found.sort(key=lambda pair: int(pair[0].modified.timestamp()), reverse=True)
    else:
        found.sort(key=lambda pair: pair[0].modified, reverse=True)
    return answer(b'{"models":[' + b",".join(row for _, rows in found for row in rows) + b"]}")


def _rows(server: DemoServer, name: Name, entry: ManifestFile) -> tuple[bytes, ...]:
    """Return what the list has of a name; backups of converted models are left out."""
    release = server.release
    hides = release.has_lists and not release.row_per_manifest
    if hides and names.is_shadow(name.display, entry.digest):
        return ()
    known = server.listings.get(name)
    if known is None or known[0] is not entry:
        old = not release.since(0, 30)
        images = describe.rows(server.store, name)
        known = (entry, tuple(encode(describe.listed(image, old=old)) for image in images))
        server.listings[name] = known
    return known[1]


async def show(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer all there is to know about one model, or pass the question to the cloud."""
    body = fields(
        request.data,
        "ShowRequest",
        model="string",
        name="string",
        verbose="bool",
        system="string",
        options="map[string]interface {}",
        template="string",
        runner="string",
        all_manifests="bool",
    )
    asked = required_model(body).strip()
    base, where = source_of(asked)
    if where == "cloud":
        return cloud_show(server, base)
    runner = runner_of(server, body)
    whole = server.release.has_lists and bool(body.get("all_manifests"))
    if whole and runner:
        raise Fault("runner cannot be used with all_manifests", 400)
    name = meant_name(server, base)
    image = image_of(server, name, runner, server.release.missing_runner)
    if image is None or not image.complete:
        raise Fault(f"model '{name.display}' not found", 404)
    if image.remote and where == "local":
        raise Fault(f"model '{asked}' not found", 404)
    if image.remote and server.cloud_disabled:
        raise Fault("ollama cloud is disabled: remote model details are unavailable", 403)
    if not whole:
        return answer(_shown(image, body))
    runners = [child.manifest.runner for child in image.listed]
    each = [image_of(server, name, runner) for runner in runners] if len(runners) > 1 else [image]
    parts = [
        {**describe.named(one.entry.manifest.runner), **_shown(one, body)} for one in each if one
    ]
    return answer({"manifests": parts, **{k: v for k, v in parts[0].items() if k == "license"}})


def _shown(image: describe.Image, body: Fields) -> dict[str, Any]:
    return describe.shown(
        image,
        verbose=bool(body.get("verbose")),
        system=str(body.get("system", "")),
        options=body.get("options", {}),
    )


def meant_name(server: DemoServer, text: str, problem: str = "invalid model name") -> Name:
    """Return the name that `text` spells, of a manifest where it is a digest; raises Fault 400."""
    if (digest := server.store.whole_digest(text)) is not None:
        return valid_name(digest.replace(":", "-"))
    return valid_name(text, problem)


def runner_of(server: DemoServer, body: Fields) -> str:
    """Return the runner that a request asks for, empty for none; raises Fault 400."""
    asked = str(body.get("runner", "")).strip()
    if not asked or not server.release.has_lists:
        return ""
    if (runner := RUNNER_SPELLINGS.get(asked.lower())) is None:
        raise Fault(f'unknown runner "{asked}"', 400)
    return runner


def image_of(
    server: DemoServer, name: Name, runner: str = "", missing_status: int = 400
) -> describe.Image | None:
    """Return what runs under a name, None when there is no such model.

    Raises Fault, with `missing_status` when there is nothing for `runner`.
    """
    try:
        return describe.read(server.store, name, runner)
    except NoCompatible as fault:
        raise Fault(fault.text, missing_status) from None


def source_of(text: str) -> tuple[str, str | None]:
    """Return the base name and where a suffix sends it; raises Fault 400 for two suffixes."""
    where = names.source(text)
    if where is None:
        return text, None
    head, _, tag = text.rpartition(":")
    cut = head if tag.lower() in ("cloud", "local") else text[: -len("-cloud")]
    if names.source(cut) is not None:
        raise Fault(f'use either :local or :cloud, not both: "{text}"', 400)
    return cut, where


def resolved_name(text: str, problem: str) -> Name:
    """Return the name of the manifest that `text` means; raises Fault 400 with `problem`."""
    source_of(text)
    try:
        return names.parse(names.resolved(text))
    except names.InvalidName:
        raise Fault(problem, 400) from None


async def copy(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Give a model a second name; whatever had that name before is replaced."""
    body = fields(request.data, "CopyRequest", source="string", destination="string")
    given = {key: body.get(key, "") for key in ("source", "destination")}
    source, target = (
        server.store.installed(meant_name(server, text, f'{key} "{text}" is invalid'))
        for key, text in given.items()
    )
    status = "success"
    if source != target:
        entry = server.store.get(source)
        if entry is None:
            raise Fault(f'model "{body["source"]}" not found', 404)
        content: ManifestList | bytes = entry.raw
        if isinstance(entry.parsed, ManifestList) and server.release.copy_answers:
            content, status = _narrowed(server, entry.parsed)
        server.store.write(target, content, server.now())
    return answer({"status": status}) if server.release.copy_answers else no_content()


def _narrowed(server: DemoServer, whole: ManifestList) -> tuple[ManifestList, str]:
    """Return a list of what is here of a list, and what copy says of that."""
    here = tuple(child for child in whole.children if child.digest in server.store.blobs)
    if here == whole.children:
        return whole, "success"
    left_out = ", ".join(child.runner for child in whole.children if child not in here)
    kept = ", ".join(child.runner for child in here)
    return (
        ManifestList(here),
        f"Warning: discarded {left_out} (not pulled locally); copy contains {kept}",
    )


async def delete(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Remove a model and the blobs no other model uses."""
    body = fields(request.data, "DeleteRequest", model="string", name="string")
    asked = required_model(body)
    store = server.store
    if store.whole_digest(asked) is not None:
        name = meant_name(server, asked)
    else:
        name = store.installed(resolved_name(asked, f'name "{asked}" is invalid'))
    if store.get(name) is None and (name not in store.entries or store.release.has_lists):
        raise Fault(f"model '{asked}' not found", 404)
    store.remove(name, server.now())
    return no_content()


async def has_blob(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer whether a blob is there."""
    return no_content() if _digest(request) in server.store.blobs else no_content(404)


async def upload(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Store an uploaded blob under its true digest, and answer whether it is the promised one."""
    promised = _digest(request)
    if promised in server.store.blobs:
        return no_content()
    hasher, size, head = sha256(), 0, bytearray()
    async for chunk in request.stream:
        if not server.take_disk(len(chunk)):
            raise Fault(f"write {FOLDER}/blobs/sha256-3643074081: no space left on device")
        hasher.update(chunk)
        size += len(chunk)
        head += chunk[: max(0, HEAD - len(head))]
    blob = server.store.put(uploaded(f"sha256:{hasher.hexdigest()}", size, bytes(head)))
    if blob.digest == promised:
        return no_content(201)
    raise Fault(f'digest mismatch, expected "{promised}", got "{blob.digest}"', 400)


def _digest(request: IncomingRequest) -> str:
    text = request.path.rpartition("/")[2]
    if DIGEST.fullmatch(text) is None:
        raise Fault("invalid digest format", 400)
    return text.replace("-", ":")


def uploaded(digest: str, size: int, head: bytes) -> BlobFile:
    """Return the blob of an upload; of a good GGUF file only a description is stored."""
    if head.startswith(MAGIC):
        with suppress(Fault):
            return BlobFile(digest, size, b"", read_gguf(head, size))
    return BlobFile(digest, size, head[:SMALL])


async def status(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer whether cloud models are switched off."""
    source = "env" if server.cloud_disabled else "none"
    return answer({"cloud": {"disabled": server.cloud_disabled, "source": source}})


async def me(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer who is signed in."""
    if not server.internet or server.cloud_disabled:
        raise Fault("account unavailable", 503)
    if server.account is None:
        raise Fault("unauthorized", 401, signin_url=SIGNIN_URL)
    user: dict[str, Any] = {"id": "00000000-0000-4000-8000-000000000001"}
    user |= {"email": f"{server.account}@example.com", "name": server.account, "plan": "free"}
    return answer(user)


async def signout(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Sign out."""
    if not server.internet:
        raise Fault("there was an error signing out", 500)
    if server.account is None:
        raise Fault("you are not currently signed in", 401)
    server.account = None
    return answer(None)


async def recommendations(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Answer the short list of models worth having."""
    return answer({"recommendations": RECOMMENDED})


def lookup_failure(verb: str, url: str, host: str) -> str:
    """Return the error text of a request to a host that cannot be resolved."""
    reason = f"lookup {host} on 127.0.0.53:53: read udp 127.0.0.1:47828->127.0.0.53:53"
    return f'{verb} "{url}": dial tcp: {reason}: read: connection refused'


def cloud_unreachable(path: str) -> str:
    """Return the error text of a request passed on to ollama.com without a network."""
    return lookup_failure("Post", f"https://ollama.com:443{path}?ts=1795375372", "ollama.com")


def ask_cloud(server: DemoServer, path: str, data: bytes) -> httpx.Response:
    """Answer what a client asks ollama.com itself: the catalogue, and details of one entry.

    The catalogue has names without a suffix, and no sizes to pull.
    """
    if path == "/api/tags":
        models = []
        for name, shape in CLOUD_SHAPES.items():
            known = _cloud_details(shape)
            del known["model_info"]
            models.append({"name": name, "model": name, **known})
        return answer({"models": models})
    if path == "/api/show":
        return cloud_show(server, required_model(fields(data, "ShowRequest", model="string")))
    return text_answer("404 page not found", 404)


def cloud_show(server: DemoServer, base: str) -> httpx.Response:
    """Answer show for a cloud model, as ollama.com does through the server."""
    if server.cloud_disabled:
        raise Fault("ollama cloud is disabled: remote model details are unavailable", 403)
    if not server.internet:
        raise Fault(cloud_unreachable("/api/show"), 502)
    if server.account is None:
        return answer({"error": "unauthorized"}, 401, STREAMED_JSON)
    shape = CLOUD_SHAPES.get(base.lower())
    if shape is None:
        return answer({"error": f"model '{base}' not found"}, 404, STREAMED_JSON)
    return answer(_cloud_details(shape), content_type=STREAMED_JSON)


def _cloud_details(shape: Shape) -> dict[str, object]:
    info = {
        "general.architecture": shape.arch,
        "general.parameter_count": shape.parameters,
        f"{shape.arch}.context_length": shape.context,
        f"{shape.arch}.embedding_length": shape.embedding,
    }
    details = {
        "parent_model": "",
        "format": "",
        "family": shape.arch,
        "families": [shape.arch],
        "parameter_size": parameter_size(shape.parameters),
        "quantization_level": shape.file_type,
    }
    can = ["completion", "tools", "thinking"]
    return {
        "details": details,
        "model_info": info,
        "capabilities": can,
        "modified_at": CLOUD_MODIFIED,
    }


CLOUD_MODIFIED = "2026-06-30T18:00:00Z"
CLOUD_SHAPES = {
    "gpt-oss:20b": Shape("gptoss", 20_900_000_000, "MXFP4", 131072, 2880, 24, 64, 8, 2880, 201088),
    "gpt-oss:120b": Shape("gptoss", 116_800_000_000, "MXFP4", 131072, 2880, 36, 64, 8, 2880),
    "qwen3-coder:480b": Shape("qwen3moe", 480_200_000_000, "BF16", 262144, 6144, 62, 96, 8, 8192),
    "deepseek-v3.1:671b": Shape("deepseek2", 671_000_000_000, "BF16", 163840, 7168, 61, 128, 1),
}
"""Cloud models by their name without the suffix."""
RECOMMENDED: list[dict[str, Any]] = [
    {
        "model": "gpt-oss:120b-cloud",
        "description": "Reasoning and tool use, run elsewhere",
        "context_length": 131072,
        "max_output_tokens": 32768,
    },
    {
        "model": "qwen3-coder:480b-cloud",
        "description": "Long coding tasks, run elsewhere",
        "context_length": 262144,
        "max_output_tokens": 65536,
    },
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
