"""Registries of models: which manifest a name refers to now, without pulling anything.

    async with Registry() as registry:
        newest = await registry.newest(parse("qwen3:8b"))

No key or account is ever sent: only what a registry shows to everybody is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import httpx
import msgspec

from ollama_tui.api.clock import MACHINE, Clock, Watchdog
from ollama_tui.api.errors import (
    Busy,
    Forbidden,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    Refused,
    ServerFailed,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from ollama_tui.api.host import Host
from ollama_tui.api.http import body_chunks, location, new_client
from ollama_tui.api.manifests import DIGEST, LIST_TYPE, MANIFEST_TYPE, children, decoded
from ollama_tui.api.redirects import SAME_OWNER, is_same_owner, joined, may_hold_blobs
from ollama_tui.api.replies import ListedManifest, Manifest
from ollama_tui.api.requests import DEFAULT_REGISTRY, MANIFEST, Call
from ollama_tui.formatting import inert

DEFAULT_REGISTRY_SITE = "ollama.com"
"""Serves the manifests of DEFAULT_REGISTRY, with the digest in a header."""
TOTAL_TIMEOUT = 20.0
"""Seconds for a whole answer, even from a registry that keeps sending a little."""
STEP_TIMEOUT = httpx.Timeout(5.0)
"""Seconds for connecting and for each read."""
MAX_MANIFEST_BYTES = 8 * 1024 * 1024
"""Bytes of a manifest; one of thousands of tensors has about one million."""
MAX_TOKEN = 16 * 1024
"""Letters of a token: it is sent in a header."""
MAX_REQUESTS = 5
"""Requests per lookup, with redirects and a token."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-\d{1,19}/(?:\d{1,19}|\*)", re.ASCII)
_CHALLENGE = re.compile(r'(realm|service|scope)="([^"]*)"')
_DIGEST_HEADERS = ("ollama-content-digest", "docker-content-digest")
_NO_NETWORK = "Check the network of this machine; the server may have another one."


class Named(Protocol):
    """The parts of a model's name; none is empty."""

    @property
    def host(self) -> str:
        """Registry, with a port if it has one."""

    @property
    def namespace(self) -> str:
        """Owner."""

    @property
    def model(self) -> str:
        """Model."""

    @property
    def tag(self) -> str:
        """Tag."""

    @property
    def display(self) -> str:
        """All of it for a sentence."""


@dataclass(frozen=True, slots=True)
class Newest:
    """What a HEAD request to a registry tells about a name."""

    digest: str
    """SHA-256 of the manifest or list, 64 hex digits; empty when the registry does not send it."""
    pushed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a registry has under a name: one manifest, or a list of several for as many runners."""

    digest: str
    """SHA-256 of what was sent, 64 hex digits."""
    manifest: Manifest | None = None
    """The manifest; None when it is a list."""
    children: tuple[ListedManifest, ...] = ()
    """The manifests of a list, in its order."""
    pushed_at: datetime | None = None
    insecure: bool = False
    """Whether it came by plain HTTP, as pulling it must then too."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer read to its end."""

    status: int
    headers: httpx.Headers
    location: str
    """Where it redirects to, as it was sent."""
    body: bytes


class Registry:
    """Asks registries about models; every method raises only OllamaError.

    Redirects stay with the same owner and never leave TLS. A 401 is answered once, with the
    anonymous token of the same host. Proxies of the environment are used except for loopback.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        plain: Collection[str] = (),
        server_is_local: bool = True,
        clock: Clock = MACHINE,
    ) -> None:
        """Connect to nothing yet; the hosts in `plain` may be asked without TLS.

        `server_is_local` is whether the server whose models are asked about is on this machine: if
        not, its 127.0.0.1 is another machine than ours.
        """
        self._transport = transport
        self._plain = frozenset(map(str.lower, plain))
        self._beside_server = server_is_local
        self._clock = clock
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Registry:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    async def newest(self, name: Named) -> Newest:
        """Return the digest of the newest manifest or list of `name`."""
        answer, _ = await self._ask("HEAD", name, insecure=False)
        return Newest(_digest(answer.headers), _pushed_at(answer.headers))

    async def manifest(self, name: Named, *, insecure: bool = False) -> Published:
        """Return the newest manifest or list of `name`; `insecure` means plain HTTP."""
        answer, insecure = await self._ask("GET", name, insecure)
        digest, pushed_at = sha256(answer.body).hexdigest(), _pushed_at(answer.headers)
        listed = children(answer.body, _where(name))
        manifest = decoded(answer.body, _where(name)) if listed is None else None
        return Published(digest, manifest, listed or (), pushed_at, insecure)

    async def child(
        self, name: Named, child: ListedManifest, *, insecure: bool = False
    ) -> Manifest:
        """Return a manifest of the list of `name`: registries serve those as blobs.

        Blobs may be on other hosts than manifests, so more redirects are followed than for a
        manifest; what comes is known by its digest. Raises NotOllama when it is not there.
        """
        if child.manifest is not None:
            return child.manifest
        try:
            answer, _ = await self._ask("GET", name, insecure, blob=child.digest)
        except NotFound as error:
            raise NotOllama(f"{_where(name)} lists a manifest that it does not have.") from error
        if sha256(answer.body).hexdigest() != child.digest:
            raise NotOllama(f"{_where(name)} sent a different manifest than its list names.")
        return decoded(answer.body, _where(name))

    async def blob_part(
        self, name: Named, digest: str, part: range, *, insecure: bool = False
    ) -> bytes:
        """Return a part of a blob of `name`, of 64 hex digits; less of it where the blob ends.

        A registry that knows no ranges sends a blob from its beginning: it is read up to the end of
        the part and no further. Raises NotOllama for another part than was asked for.
        """
        answer, _ = await self._ask("GET", name, insecure, blob=digest, part=part)
        if answer.status != 206:
            return answer.body[part.start : part.stop]
        sent = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        if sent is None or int(sent[1]) != part.start:
            raise NotOllama(f"{_where(name)} sent another part of a file than was asked for.")
        return answer.body[: len(part)]

    async def speaks_plain_http(self, name: Named) -> bool:
        """Return whether the registry of `name` answers over plain HTTP.

        False also where asking it so is not safe: only this machine and the hosts named at the
        beginning are asked.
        """
        if not self._beside_server and Host.of_url(_url(name, insecure=True)).is_loopback:
            return False
        with _translating_errors(name):
            async with Watchdog(TOTAL_TIMEOUT, self._clock.seconds, self._clock.sleep):
                return await self._ask_plainly("HEAD", name) is not None

    async def _ask(
        self,
        method: str,
        name: Named,
        insecure: bool,
        *,
        blob: str = "",
        part: range | None = None,
    ) -> tuple[_Answer, bool]:
        """Return a successful answer, and whether it came by plain HTTP."""
        if not self._beside_server and Host.of_url(_url(name, insecure=True)).is_loopback:
            raise Unreachable(
                f"Only the server can reach {_where(name)}: it is an address on its own machine."
            )
        with _translating_errors(name):
            async with Watchdog(TOTAL_TIMEOUT, self._clock.seconds, self._clock.sleep):
                answer = None if insecure else await self._ask_plainly(method, name, blob, part)
                plain = insecure or answer is not None
                if answer is None:
                    url = _url(name, insecure, blob)
                    answer = await self._follow(method, url, bool(blob), part)
        if not 200 <= answer.status < 300:
            raise _refusal(answer.status, name)
        return answer, plain

    async def _ask_plainly(
        self, method: str, name: Named, blob: str = "", part: range | None = None
    ) -> _Answer | None:
        """Ask by plain HTTP where that is safe, or allowed; None where TLS is needed.

        It is safe on this machine, where nobody is in between. A TLS server hangs up or answers
        400.
        """
        url = _url(name, insecure=True, blob=blob)
        may = Host.of_url(url).is_loopback or name.host.lower() in self._plain
        if not may or url.startswith("https:"):
            return None
        try:
            answer = await self._follow(method, url, bool(blob), part)
        except httpx.TransportError:
            return None
        return None if answer.status == 400 else answer

    async def _follow(
        self, method: str, address: str, is_blob: bool, part: range | None = None
    ) -> _Answer:
        """Return the answer after a few redirects and a token; raises what httpx raises too.

        A token is of the host that gave it: after a redirect none is sent.
        """
        start = url = httpx.URL(address)
        headers: dict[str, str] = {}
        for _ in range(MAX_REQUESTS):
            answer = await self._send(method, url, headers, part)
            if answer.status == 401 and not headers:
                headers = await self._authorization(answer.headers, url)
                if not headers:
                    return answer
            elif answer.status in (301, 302, 303, 307, 308):
                target = joined(url, answer.location)
                if target is None or not (
                    is_same_owner(url, target) or (is_blob and may_hold_blobs(url, target))
                ):
                    to = (inert(target.host)[:60] if target else "") or "nowhere"
                    raise NotOllama(f"{inert(url.host)} redirects to {to}, which is not followed.")
                url, headers = target, {}
            else:
                return answer
        raise NotOllama(f"{inert(start.host)} redirects too often.")

    async def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        part: range | None = None,
    ) -> _Answer:
        """Return an answer; of a blob, at most what there is up to the end of `part`."""
        host = Host.of_url(str(url))
        client = self._clients.get(host.is_loopback)
        if client is None:
            accept = {"Accept": f"{LIST_TYPE}, {MANIFEST_TYPE}"}
            client = new_client(host, self._transport, headers=accept, tls=True)
            self._clients[host.is_loopback] = client
        ranged = {"Range": f"bytes={part.start}-{part.stop - 1}"} if part else {}
        async with client.stream(
            method, url, headers={**headers, **ranged}, timeout=STEP_TIMEOUT
        ) as response:
            body = bytearray()
            async for chunk in body_chunks(response):
                body += chunk
                if part and len(body) >= part.stop:
                    break  # leaving closes the connection
                if len(body) > MAX_MANIFEST_BYTES:
                    raise NotOllama(f"{inert(url.host)} sent more than a manifest can be.")
            return _Answer(response.status_code, response.headers, location(response), bytes(body))

    async def _authorization(self, headers: httpx.Headers, url: httpx.URL) -> dict[str, str]:
        """Return the header with the host's anonymous token; empty if it gives none."""
        kind, _, rest = headers.get("www-authenticate", "").partition(" ")
        challenge = dict(_CHALLENGE.findall(rest))
        realm = joined(url, challenge.pop("realm", ""), challenge)
        if kind.lower() != "bearer" or not rest or realm is None:
            return {}
        if not is_same_owner(url, realm, same_host=True):
            return {}
        answer = await self._send("GET", realm, {})
        token = _token(answer.body) if answer.status == 200 else ""
        return {"Authorization": f"Bearer {token}"} if token else {}


def _host(name: Named) -> str:
    return DEFAULT_REGISTRY_SITE if name.host.lower() == DEFAULT_REGISTRY else name.host


def _where(name: Named) -> str:
    return inert(_host(name))[:60]


def _url(name: Named, insecure: bool, blob: str = "") -> str:
    """Return where the manifest of `name` is, or the blob with a digest of 64 hex digits."""
    host = _host(name)
    public = any(host.lower() in owner for owner in SAME_OWNER)
    scheme = "http" if insecure and not public else "https"
    what = f"blobs/sha256:{blob}" if blob else f"manifests/{name.tag}"
    return f"{scheme}://{host}/v2/{name.namespace}/{name.model}/{what}"


@contextmanager
def _translating_errors(name: Named) -> Iterator[None]:
    """Turn what httpx raises into an OllamaError that speaks of the registry."""
    where = _where(name)
    try:
        yield
    except TimeoutError as error:
        raise Interrupted(f"{where} did not answer in time.", "Try again in a moment.") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        from ollama_tui.api.error_rules.explain import from_exception  # only when needed

        found = from_exception(error, Call(MANIFEST, name.display), where)
        if isinstance(found, NotOllama):
            raise NotOllama(f"What answers at {where} is not a registry.") from error
        raise type(found)(found.title, _NO_NETWORK) from error


def _refusal(status: int, name: Named) -> OllamaError:
    """Return the error for an error status."""
    where, what = _where(name), Call(MANIFEST, name.display).subject
    kinds: dict[int, tuple[type[Refused], str]] = {
        401: (Unauthorized, f"{where} shows {what} only after sign-in."),
        403: (Forbidden, f"{where} does not show {what}."),
        404: (NotFound, f"{where} has no {what}."),
        412: (Unsupported, f"{where} shows {what} only to a newer Ollama."),
        429: (Busy, f"{where} is limiting requests."),
        503: (Busy, f"{where} is busy."),
    }
    kind, title = kinds.get(status, (ServerFailed, f"{where} answered {status}."))
    return kind(title, status=status)


def _digest(headers: httpx.Headers) -> str:
    sent = (headers.get(header, "").strip().lower() for header in _DIGEST_HEADERS)
    found = (match[1] for text in sent if (match := DIGEST.fullmatch(text)))
    return next(found, "")


def _pushed_at(headers: httpx.Headers) -> datetime | None:
    text = headers.get("ollama-push-time", "").strip()
    if not re.fullmatch(r"[0-9]{1,11}", text):
        return None
    return datetime.fromtimestamp(int(text), UTC)


def _token(body: bytes) -> str:
    try:
        given = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    token = given.get("token") or given.get("access_token")
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        return ""
    return token if token.isascii() and token.isprintable() else ""
