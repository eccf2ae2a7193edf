"""HTTP to a registry: how far one goes for an answer, and whom one trusts on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import msgspec

from ollama_tui import __version__
from ollama_tui.api.body import PLAIN, pieces
from ollama_tui.api.errors import NotOllama, Unreachable
from ollama_tui.api.host import Host
from ollama_tui.formatting import inert

PATIENCE = httpx.Timeout(5.0)
"""Seconds for each step of a request."""
LARGEST = 8 * 1024 * 1024
"""Bytes of a manifest; one of thousands of tensors has about one million."""
HOPS = 5
"""Requests one question may take, with redirects and a token."""
SAME_HOUSE = ({"hf.co", "huggingface.co"}, {"ollama.com", "registry.ollama.ai"})
"""Names of one owner: redirects between them are followed."""

HERE = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Addresses of this machine, as httpx matches them."""

_MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CHALLENGE = re.compile(r'(realm|service|scope)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


class Asker:
    """Sends one question and follows it, a few steps and not everywhere.

    Redirects stay with the same owner and never leave TLS. A 401 is answered with the token that
    the same host gives to anybody, once. Proxies of the environment are used except for loopback
    hosts.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None) -> None:
        self._transport = transport
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    async def ask(self, method: str, url: httpx.URL) -> Answer:
        """Return the answer at the end of the way; raises OllamaError and what httpx raises."""
        start, headers = url, dict[str, str]()
        for _ in range(HOPS):
            answer = await self._once(method, url, headers)
            if answer.status == 401 and not headers:
                headers = await self._authorization(answer.headers, url)
                if not headers:
                    return answer
            elif answer.status in (301, 302, 303, 307, 308):
                url, headers = _next(url, answer.headers), {}
            else:
                return answer
        raise NotOllama(f"{inert(start.host)} sends one from place to place without an answer.")

    async def _once(self, method: str, url: httpx.URL, headers: Mapping[str, str]) -> Answer:
        async with self._client(url).stream(method, url, headers=dict(headers)) as response:
            body = bytearray()
            async for chunk in pieces(response):
                body += chunk
                if len(body) > LARGEST:
                    raise NotOllama(f"{inert(url.host)} sent more than a manifest can be.")
            return Answer(response.status_code, response.headers, bytes(body))

    async def _authorization(self, headers: httpx.Headers, url: httpx.URL) -> dict[str, str]:
        """Return the header with the token that the host gives to anybody, if it does."""
        kind, _, rest = headers.get("www-authenticate", "").partition(" ")
        challenge = dict(_CHALLENGE.findall(rest))
        realm = url.join(challenge.pop("realm", ""))
        if kind.lower() != "bearer" or not rest or not _is_at_home(url, realm, same_host=True):
            return {}
        answer = await self._once("GET", realm.copy_merge_params(challenge), {})
        token = _token(answer.body) if answer.status == 200 else ""
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _client(self, url: httpx.URL) -> httpx.AsyncClient:
        """Return the HTTP client for `url`, built at first use: it reads proxies, certificates."""
        local = Host.of_url(str(url)).is_loopback
        if local not in self._clients:
            self._clients[local] = self._built(proxies=not local)
        return self._clients[local]

    def _built(self, *, proxies: bool) -> httpx.AsyncClient:
        headers = {
            "User-Agent": f"ollama-tui/{__version__}",
            "Accept": _MANIFEST_TYPE,
            **PLAIN,
        }
        try:
            return httpx.AsyncClient(
                headers=headers,
                timeout=PATIENCE,
                verify=httpx.create_ssl_context(),
                trust_env=proxies,
                follow_redirects=False,
                transport=self._transport,
                mounts=dict.fromkeys(HERE),  # no proxy leads to this machine
            )
        except (ValueError, ImportError, OSError) as error:
            raise Unreachable(
                "No registry can be asked: the proxy or certificate settings are wrong.",
                "Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE.",
            ) from error


def _next(url: httpx.URL, headers: httpx.Headers) -> httpx.URL:
    """Return where a redirect leads; raise NotOllama when that is not to be trusted."""
    target = url.join(headers.get("location", ""))
    if not _is_at_home(url, target):
        to = inert(target.host)[:60] or "nowhere"
        raise NotOllama(f"{inert(url.host)} redirects to {to}, which is not followed.")
    return target


def _is_at_home(url: httpx.URL, target: httpx.URL, *, same_host: bool = False) -> bool:
    """Whether `target` belongs to the owner of `url`, and is as safe."""
    if target.scheme not in ("https", url.scheme):
        return False
    if (url.host, url.port) == (target.host, target.port):
        return True
    if target.scheme != "https" or target.port is not None:
        return False
    house = any({url.host, target.host} <= house for house in SAME_HOUSE)
    return url.host == target.host or (house and not same_host)


def _token(body: bytes) -> str:
    try:
        given = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    token = given.get("token") or given.get("access_token")
    fine = isinstance(token, str) and token.isascii() and token.isprintable()
    return str(token) if fine else ""
