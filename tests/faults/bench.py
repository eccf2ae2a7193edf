"""Mutated replies given to the client, the registry client and the prefetch; what comes of each."""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import httpx

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.host import Host
from ollama_tui.api.prefetch import Prefetch
from ollama_tui.api.registry import Registry
from ollama_tui.api.replies import ListedManifest
from ollama_tui.domain.names import parse
from tests import recordings
from tests.api.replay import collect, perform
from tests.api.sockets import Reader, Writer, serving
from tests.faults.mutations import Reply, chosen, mutated
from tests.faults.shown import acts, said
from tests.recordings import Trace, recorded
from tests.services.registries import list_of, manifest

REGISTRY = ("registry-manifest", "registry-list", "registry-child", "registry-token")
"""What a registry sends: made here, since registries were not recorded."""
PREFETCHED = {"/api/tags": "tags", "/api/ps": "ps", "/api/version": "version"}
_PREFETCH_EVERY = 25
"""One in so many of the replies that the prefetch asks for is given to it too, over a socket."""
PREFETCH_SECONDS = 30.0
NAME = parse("me/m:1")
LONGEST_ERROR = 1000
"""Letters of an error, title and hint."""
NO_ANSWER = "no answer"
"""What the prefetch makes of anything that it does not trust."""


NAMES = (
    *recordings.NAMES,
    *recordings.RAW_NAMES,
    *recordings.NAMES_PREVIEW,
    *recordings.NAMES_040,
    *REGISTRY,
)
"""All recordings."""


def reply_of(name: str) -> Reply:
    """Return a recorded reply, or one of a registry."""
    if name in REGISTRY:
        return Reply(name, 200, _REGISTRY_HEADERS, (_registry_body(name),))
    trace = recorded(name)
    headers = ((key, value.encode()) for key, value in trace.response["headers"].items())
    return Reply(name, trace.status, tuple(headers), trace.chunks, trace.was_cut)


_REGISTRY_HEADERS = (("ollama-content-digest", b"a" * 64), ("ollama-push-time", b"1700000000"))
_CHILDREN = (manifest("one", runner="ggml"), manifest("two", runner="mlx"))


def _registry_body(name: str) -> bytes:
    bodies = {
        "registry-manifest": manifest("weights"),
        "registry-list": list_of(*_CHILDREN),
        "registry-child": _CHILDREN[0],
        "registry-token": b'{"token":"for-all","access_token":"for-all"}',
    }
    return bodies[name]


def most_memory() -> float:
    """Return the most memory that this process has had, in MB."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class Body(httpx.AsyncByteStream):
    """The chunks of a reply, after which the connection may break."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._reply.chunks:
            yield chunk
        if self._reply.breaks:
            raise httpx.RemoteProtocolError("peer closed connection")


class Mutated(httpx.AsyncBaseTransport):
    """Answers with whichever reply is set; a registry's token endpoint with that of tokens."""

    def __init__(self) -> None:
        self.reply = Reply("none", 200, (), (b"",))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        reply = self.reply
        if reply.name == "registry-token" and request.url.path != "/token":
            if "authorization" in request.headers:
                return httpx.Response(200, content=_registry_body("registry-manifest"))
            challenge = b'Bearer realm="https://ollama.com/token"'
            return httpx.Response(401, headers=[(b"www-authenticate", challenge)])
        headers = [(name.encode(), value) for name, value in reply.headers]
        return httpx.Response(reply.status, headers=headers, stream=Body(reply))


@dataclass
class Findings:
    """What came of many mutated replies."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """How often there was an answer, or an error of each kind."""
    examples: dict[str, str] = field(default_factory=dict)
    """The name of a reply for each of them."""
    failures: list[str] = field(default_factory=list)
    """What must not be: with the name of the reply, which makes it again."""
    slowest: tuple[float, str] = (0.0, "")
    """The seconds that the slowest took, and its name."""
    largest: tuple[float, str] = (0.0, "")
    """The most megabytes that one added to the most this process had, and its name."""

    @property
    def count(self) -> int:
        return self.outcomes.total()

    def add(self, other: Findings) -> None:
        self.outcomes += other.outcomes
        self.examples = other.examples | self.examples
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)
        self.largest = max(self.largest, other.largest)

    async def take(self, name: str, asked: Awaitable[object]) -> None:
        """Wait for an answer and read all that would be shown of it."""
        start, before, way = perf_counter(), most_memory(), name.partition(" ")[2]
        [outcome] = await asyncio.gather(self._outcome(name, asked), return_exceptions=True)
        if isinstance(outcome, BaseException):
            where = traceback.extract_tb(outcome.__traceback__)[-1]
            said = f"{type(outcome).__name__} {str(outcome)[:100]}"
            self.failures.append(f"{name}: {said} at {Path(where.filename).name}:{where.lineno}")
            outcome = f"! {type(outcome).__name__}"
        outcome = f"{way or 'client'}: {outcome}"
        self.outcomes[outcome] += 1
        self.examples.setdefault(outcome, name)
        self.slowest = max(self.slowest, (perf_counter() - start, name))
        self.largest = max(self.largest, (most_memory() - before, name))

    async def _outcome(self, name: str, asked: Awaitable[object]) -> str:
        """Return the kind of what came; note what of it must not be shown."""
        try:
            value: object = await asked
            outcome = "no answer" if value is NO_ANSWER else "an answer"
        except OllamaError as error:
            value, outcome = error, type(error).__name__
            if not error.title.strip() or len(str(error)) > LONGEST_ERROR:
                self.failures.append(f"{name}: {str(error)[:200]!r} is no sentence")
        if bad := [line for line in said(value) if acts(line)]:
            self.failures.append(f"{name}: {bad[0][:200]!r} acts on a terminal")
        return outcome


Named = Iterable[tuple[str, int]]
"""Kinds and numbers of mutations."""


async def run(name: str, count: int, folder: Path) -> Findings:
    """Give about `count` mutations of one recorded reply to those who read such replies."""
    reply, findings = reply_of(name), Findings()
    every = list(chosen(reply, count))
    if name in REGISTRY:
        await _to_registry(reply, every, findings)
        return findings
    trace = recorded(name)
    await _to_client(trace, reply, every, findings, folder)
    if trace.path in PREFETCHED and trace.method == "GET":
        await _to_prefetch(trace.path, reply, every[::_PREFETCH_EVERY], findings)
    return findings


async def _to_client(
    trace: Trace, reply: Reply, every: Named, findings: Findings, folder: Path
) -> None:
    transport = Mutated()
    async with Ollama("http://127.0.0.1:11434", transport=transport) as client:
        for kind, number in every:
            transport.reply = mutated(reply, kind, number)
            await findings.take(f"{reply.name}/{kind}#{number}", _asked(client, trace, folder))


async def _asked(client: Ollama, trace: Trace, folder: Path) -> object:
    """Make the call that was recorded; for a request of which no client is capable, one like it."""
    if trace.name not in recordings.RAW_NAMES:
        return await perform(client, trace, folder)
    match trace.path.rpartition("/")[2]:
        case "copy":
            return await client.copy("m", "n")
        case "delete":
            await client.delete("m")
            return None
        case "show":
            return await client.show("m")
        case "push":
            return await collect(client.push("m"))
        case "pull" | "create":
            return await collect(client.pull("m"))
    return await client.list()


async def _to_registry(reply: Reply, every: Named, findings: Findings) -> None:
    transport = Mutated()
    async with Registry(transport) as registry:
        for kind, number in every:
            transport.reply = mutated(reply, kind, number)
            asked: Callable[[], Awaitable[object]] = {
                "registry-list": lambda: registry.manifest(NAME),
                "registry-child": lambda: _child(registry, transport.reply.body),
            }.get(reply.name, lambda: registry.manifest(NAME))
            await findings.take(f"{reply.name}/{kind}#{number} registry", asked())
            if number % 5 == 0:
                await findings.take(f"{reply.name}/{kind}#{number} head", registry.newest(NAME))


async def _child(registry: Registry, body: bytes) -> object:
    """Ask for a child whose digest is that of what comes: only then is it read."""
    child = await registry.child(NAME, ListedManifest(sha256(body).hexdigest()))
    return tuple(layer.digest for layer in child.everything)[:0]


async def _to_prefetch(path: str, reply: Reply, every: Named, findings: Findings) -> None:
    good = {path: reply_of(name).body for path, name in PREFETCHED.items()}
    sent = [b""]

    async def handler(reader: Reader, writer: Writer) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked = request.split()[1].decode()
        writer.write(sent[0] if asked == path else b"HTTP/1.0 200 OK\r\n\r\n" + good[asked])

    async with serving(handler) as address:
        name, _, port = address.partition(":")
        for kind, number in every:
            sent[0] = raw(mutated(reply, kind, number))
            asked = Prefetch(Host("http", name, int(port))).wait(PREFETCH_SECONDS)
            await findings.take(f"{reply.name}/{kind}#{number} prefetch", _or_nothing(asked))


async def _or_nothing(asked: Awaitable[object]) -> object:
    answers = await asked
    return NO_ANSWER if answers is None else answers


def raw(reply: Reply) -> bytes:
    """Return a reply as it is on a connection that is closed after it."""
    framing = re.compile("content-length|transfer-encoding|connection", re.IGNORECASE)
    lines = [b"HTTP/1.1 %d x" % reply.status]
    lines += [
        name.encode() + b": " + value
        for name, value in reply.headers
        if name.islower() or not framing.fullmatch(name)  # those of a mutation stay
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + reply.body


def summary(findings: Findings) -> str:
    """Return how often there was which outcome, most frequent first, with an example of each."""
    rows = findings.outcomes.most_common()
    return "\n".join(f"{n:>8,} {outcome:<26} {findings.examples[outcome]}" for outcome, n in rows)
