"""An Ollama that answers as fast as it can, so that what is measured is the client.

Prints its port. Everything it says was made before the first request, except the pull streams:
each sends 200 events a second until the client goes.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

EVENTS_PER_SECOND = 200
HUGE = "huge-template:8b"
"""The one model whose template, and license, have two megabytes."""
HUGE_LINES = 40_000
TOKENS = 250_000
"""Of the vocabulary that a verbose answer has."""
LAYER = 4_700_000_000
_FAMILIES = ("qwen3", "llama3.1", "gemma3", "mistral-small", "phi4", "deepseek-r1", "granite3.3")
_SIZES = (("0.6B", 600), ("4B", 4000), ("8B", 8000), ("14B", 14000), ("70B", 70000))
_NEWEST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=52)
"""Of an age that stays: the bytes of a page depend on the ages that it shows."""
VERSION = "0.12.6"
"""A version whose list does not tell capabilities."""


def name_of(number: int) -> str:
    """Return the name of a model; number 0 is the newest."""
    if number == 1:
        return HUGE
    family = _FAMILIES[number % len(_FAMILIES)]
    return f"{family}-{number:05d}:{_SIZES[number % len(_SIZES)][0].lower()}"


def digest_of(number: int) -> str:
    """Return the manifest digest of a model."""
    return hashlib.sha256(name_of(number).encode()).hexdigest()


def size_of(number: int) -> int:
    """Return the bytes of a model."""
    return _SIZES[number % len(_SIZES)][1] * 620_000 + number


def listed(count: int) -> bytes:
    """Return the answer to `/api/tags`."""
    return json.dumps({"models": [_entry(number) for number in range(count)]}).encode()


def _entry(number: int) -> dict[str, object]:
    parameters, _ = _SIZES[number % len(_SIZES)]
    name = name_of(number)
    return {
        "name": name,
        "model": name,
        "modified_at": (_NEWEST - timedelta(minutes=37 * number)).isoformat(),
        "size": size_of(number),
        "digest": digest_of(number),
        "details": _details(number, parameters),
    }


def _details(number: int, parameters: str) -> dict[str, object]:
    family = _FAMILIES[number % len(_FAMILIES)].partition("-")[0]
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": parameters,
        "quantization_level": ("Q4_K_M", "Q8_0", "F16")[number % 3],
    }


_MATRICES = {
    "attn_k": [4096, 1024],
    "attn_output": [4096, 4096],
    "attn_q": [4096, 4096],
    "attn_v": [4096, 1024],
    "ffn_down": [12288, 4096],
    "ffn_gate": [4096, 12288],
    "ffn_up": [4096, 12288],
}
_TENSORS = [
    {"name": "token_embd.weight", "type": "Q4_K", "shape": [4096, 151936]},
    {"name": "output.weight", "type": "Q6_K", "shape": [4096, 151936]},
    *(
        {"name": f"blk.{layer}.{name}.weight", "type": "Q4_K", "shape": shape}
        for layer in range(36)
        for name, shape in _MATRICES.items()
    ),
]


def shown(name: str) -> bytes:
    """Return the answer to `/api/show`: a usual one, or the one with the huge template."""
    number = 1 if name == HUGE else int(name.rpartition("-")[2].partition(":")[0])
    template = "{{- if .Messages }}{{ .System }}{{ end }}\n{{ .Prompt }}\n" * 8
    if name == HUGE:
        lines = (
            f"template line {n:05d} {{{{ .Prompt }}}} and still more\n" for n in range(HUGE_LINES)
        )
        template = "".join(lines)
    parameters, millions = _SIZES[number % len(_SIZES)]
    return json.dumps(
        {
            "license": _license(80_000 if name == HUGE else 200),
            "modelfile": f"# Modelfile generated\nFROM {name}\nTEMPLATE {template}",
            "parameters": 'stop                           "<|im_end|>"\ntemperature 0.6\ntop_k 20',
            "template": template,
            "details": _details(number, parameters),
            "model_info": _metadata(number, millions * 1_000_000),
            "tensors": _TENSORS,
            "capabilities": ["completion", *(("tools", "thinking", "vision")[: number % 4])],
            "modified_at": (_NEWEST - timedelta(minutes=37 * number)).isoformat(),
        }
    ).encode()


def _license(lines: int) -> str:
    return "".join(f"Apache License, line {n:05}\n" for n in range(lines))


def _metadata(number: int, parameters: int) -> dict[str, object]:
    return {
        "general.architecture": "qwen3",
        "general.parameter_count": parameters,
        "general.quantization_version": 2,
        "qwen3.attention.head_count": 32,
        "qwen3.attention.head_count_kv": 8,
        "qwen3.attention.key_length": 128,
        "qwen3.attention.value_length": 128,
        "qwen3.context_length": 32768 * (1 + number % 4),
        "qwen3.embedding_length": 4096,
        "qwen3.block_count": 36 - number % 20,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": None,
        "tokenizer.ggml.merges": None,
    }


def verbose() -> bytes:
    """Return the answer to a verbose `/api/show`: about 12 MB, as Go writes it."""
    tokens = [f"<tok{n:x}>" if n % 50 == 0 else f"Ġtok[{n:x}" for n in range(TOKENS)]
    arrays = {
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": [f"{a} {b}" for a, b in pairwise(tokens)],
        "tokenizer.ggml.token_type": [1] * TOKENS,
        "tokenizer.ggml.scores": [-float(n) for n in range(TOKENS)],
    }
    show = {"license": "", "model_info": _metadata(0, 600_000_000) | arrays}
    text = json.dumps(show, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").encode()


class Server:
    """Answers the calls of a start, a cursor on the move, and pulls."""

    def __init__(self, count: int) -> None:
        self._fixed = {
            "/api/tags": _whole(listed(count)),
            "/api/ps": _whole(b'{"models":[]}'),
            "/api/version": _whole(b'{"version":"%b"}' % VERSION.encode()),
            "/api/status": _whole(b'{"cloud":{"disabled":false,"source":"none"}}'),
        }
        self._names = {name_of(number) for number in range(count)}
        self._huge = _whole(shown(HUGE))
        self._verbose = b""
        """What there is to say of a vocabulary; made when it is asked for first."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until the client leaves."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                path, body = await _request(reader)
                await self._answer(path, body, writer)
        writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if path == "/api/pull":
            await _pull(json.loads(body)["model"], writer)
        elif path == "/api/show" and (asked := json.loads(body))["model"] in self._names:
            if asked.get("verbose"):
                self._verbose = self._verbose or _whole(verbose())
                writer.write(self._verbose)
            else:
                name = asked["model"]
                writer.write(self._huge if name == HUGE else _whole(shown(name)))
        else:
            writer.write(self._fixed.get(path, _whole(b'{"error":"not found"}', "404 Not Found")))
        await writer.drain()


async def _request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = next(
        (int(h.split(":")[1]) for h in head.splitlines() if h.lower().startswith("content-length")),
        0,
    )
    return head.split(" ", 2)[1], await reader.readexactly(length)


def _whole(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


async def _pull(model: str, writer: asyncio.StreamWriter) -> None:
    """Send the events of a download that never ends, on time."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n")
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
    digest = hashlib.sha256(model.encode()).hexdigest()
    clock = asyncio.get_running_loop().time
    start, sent = clock(), 0
    while not writer.is_closing():
        sent += 1
        event = {
            "status": f"pulling {digest[:12]}",
            "digest": f"sha256:{digest}",
            "total": LAYER,
            "completed": min(LAYER - 1, sent * 500_000),
        }
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        await asyncio.sleep(max(0.0, start + sent / EVENTS_PER_SECOND - clock()))


async def main(count: int) -> None:
    """Serve on a free port of loopback until killed."""
    server = await asyncio.start_server(Server(count).serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", type=int, default=30)
    asyncio.run(main(arguments.parse_args().models))
