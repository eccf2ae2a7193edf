"""One server's connections: who gets the key, which proxy, how long to wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import httpx
import msgspec

from ollama_tui import __version__
from ollama_tui.api.body import PLAIN, TooLarge, start, whole
from ollama_tui.api.clock import MACHINE, Clock, Watchdog
from ollama_tui.api.endpoints import Call
from ollama_tui.api.errors import CHECK_ADDRESS, InvalidRequest, NotOllama, OllamaError, Unreachable
from ollama_tui.api.host import Host
from ollama_tui.api.keep_alive import trace
from ollama_tui.api.messages.connection import explained
from ollama_tui.api.replies import CUT
from ollama_tui.api.upload import FileBody

CONNECT_SECONDS = 10.0
ORDINARY = httpx.Timeout(30.0, connect=CONNECT_SECONDS, pool=None)
PATIENT = httpx.Timeout(None, connect=CONNECT_SECONDS)
"""For streams, loads and uploads: a server may be silent for minutes while it works."""

LARGEST = 64 * 1024 * 1024
"""Bytes of a reply: that of 10,000 models has 3, of a vocabulary of 250,000 words about 15."""
ANSWER_WITHIN = 40.0
"""Seconds until an ordinary answer begins, and that it may pause; connecting included."""
STREAM_WITHIN = 120.0
"""Seconds until the answer to a long piece of work begins: its first word comes at once."""
WORK_WITHIN = 3600.0
"""Seconds until the answer to a load comes, which is all of it."""
STUCK_AFTER = 300.0
"""Seconds without a byte of an upload going out, or an answer after its last."""

_REFUSAL_LIMIT = 64 * 1024
_CUT = CUT.encode()
_JSON = {"Content-Type": "application/json"}


class Wire:
    """Sends calls to one server and returns its answers; raises only OllamaError."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        send_key: bool,
        transport: httpx.AsyncBaseTransport | None,
        clock: Clock = MACHINE,
    ) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._host = Host.of_url(url)
        self._key = api_key.strip() if api_key and self._host.may_have_key(send_key) else ""
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    @property
    def address(self) -> str:
        """Host and port of the server, for sentences."""
        return self._host.authority

    async def reply(
        self,
        call: Call,
        body: Mapping[str, Any] | None = None,
        *,
        patience: httpx.Timeout = ORDINARY,
    ) -> bytes:
        """Send a call and return the whole body of its answer."""
        within = ANSWER_WITHIN if patience is ORDINARY else WORK_WITHIN
        content, headers = encoded(body, call), _JSON if body else {}
        async with self.open(call, content, headers, patience, within) as response:
            try:
                async with self._watch(ANSWER_WITHIN) as watch:
                    return await whole(response, LARGEST, watch)
            except TooLarge as error:
                raise NotOllama(
                    "The server does not answer like Ollama: it sent more than 64 MB.",
                    CHECK_ADDRESS,
                ) from error

    @asynccontextmanager
    async def stream(self, call: Call, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """Send a call whose answer takes as long as the work; leaving closes the connection."""
        content = encoded(body, call)
        async with self.open(call, content, _JSON, PATIENT, STREAM_WITHIN) as response:
            yield response

    @asynccontextmanager
    async def open(
        self,
        call: Call,
        content: bytes | AsyncIterator[bytes] | None,
        headers: Mapping[str, str],
        patience: httpx.Timeout,
        within: float | None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a call; yield its good answer with the body unread, raise for any other.

        `within` are the seconds in which the answer must begin: a server that says again and again
        that it will never counts as silent for httpx.
        """
        with explained(call, self.address):
            request = self._client().build_request(
                call.endpoint.method,
                self._url + call.path,
                content=content,
                headers=headers,
                timeout=patience,
                extensions={"trace": trace},
            )
            async with self._watch(within):
                response = await self._client().send(request, stream=True)
            try:
                if not response.is_success:
                    raise await self._refusal(response, call)
                yield response
            finally:
                await response.aclose()

    async def upload(
        self,
        call: Call,
        file: FileBody,
        headers: Mapping[str, str],
        sent: Callable[[int], None] | None,
    ) -> None:
        """Send a file: by the system itself where nothing is between, else piece by piece."""
        headers = {**headers, "Content-Length": str(file.size)}
        with explained(call, self.address):
            async with self._watch(STUCK_AFTER) as watch:

                def heard(done: int) -> None:
                    watch.restart(STUCK_AFTER)
                    if sent is not None:
                        sent(done)

                await self._send(call, file, headers, heard)

    async def _send(
        self, call: Call, file: FileBody, headers: Mapping[str, str], sent: Callable[[int], None]
    ) -> None:
        if self._is_straight:
            await self._upload_straight(call, file, headers, sent)
            return
        async with (
            aclosing(file.chunks(sent)) as chunks,
            self.open(call, chunks, headers, PATIENT, None),
        ):
            return

    @property
    def _is_straight(self) -> bool:
        """Whether the server is reached over plain HTTP, with no proxy and no transport between."""
        from urllib.request import getproxies

        from ollama_tui.api.sendfile import POSSIBLE

        plain = self._host.scheme == "http" and "@" not in self._url
        proxied = self._host.is_proxied(getproxies())
        return POSSIBLE and plain and not proxied and self._transport is None

    async def _upload_straight(
        self,
        call: Call,
        file: FileBody,
        headers: Mapping[str, str],
        sent: Callable[[int], None],
    ) -> None:
        from ollama_tui.api import sendfile as straight

        with explained(call, self.address):
            url = httpx.URL(self._url + call.path)
            named = {"Host": url.netloc.decode("ascii"), **self._headers(), **headers}
            path = url.raw_path.decode("ascii")
            request = straight.Request(url.host, url.port or 80, path, named, CONNECT_SECONDS)
            answer = await straight.post(request, file, sent)
        if answer.status >= 300:
            # What the system had still to send changes with the file: that is why it was refused.
            file.check()
            raise self._refused(answer.status, answer.location, answer.body, call)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _refusal(self, response: httpx.Response, call: Call) -> OllamaError:
        location, body = response.headers.get("Location", ""), b""
        if not response.is_redirect:
            # The status says enough where what comes with it cannot be read.
            with suppress(httpx.DecodingError):
                async with self._watch(ANSWER_WITHIN) as watch:
                    body = await start(response, _REFUSAL_LIMIT, watch)
        return self._refused(response.status_code, location, body, call)

    def _refused(self, status: int, location: str, body: bytes, call: Call) -> OllamaError:
        from ollama_tui.api.messages.refused import (  # all the words there may be
            from_response,
            redirected,
        )

        if 300 <= status < 400:
            return redirected(location, call)
        return from_response(status, body, call, host=self.address)

    def _watch(self, seconds: float | None) -> Watchdog:
        return Watchdog(seconds, self._clock.seconds, self._clock.sleep)

    def _client(self) -> httpx.AsyncClient:
        """Return the HTTP client, built at first use: it reads proxies and certificates."""
        if self._http is None:
            self._http = self._built()
        return self._http

    def _built(self) -> httpx.AsyncClient:
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise OllamaError(
                "The API key holds characters that no key has.", "Check OLLAMA_API_KEY."
            )
        try:
            return httpx.AsyncClient(
                headers=self._headers(),
                # Without TLS a context with all authorities would be 20 ms of start-up for nothing.
                # The environment names no proxy for loopback, but authorities all the same.
                verify=httpx.create_ssl_context() if self._host.scheme == "https" else False,
                trust_env=not self._host.is_loopback,
                follow_redirects=False,
                transport=self._transport,
            )
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"No connection to {self.address}: the proxy or certificate settings are wrong.",
                "Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE.",
            ) from error

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"ollama-tui/{__version__}", "Accept": "*/*", **PLAIN}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers


def encoded(body: Mapping[str, Any] | None, call: Call) -> bytes | None:
    """Return a request body as JSON; None for none."""
    if body is None:
        return None
    try:
        content = msgspec.json.encode(body)
    except (UnicodeError, OverflowError) as error:
        raise InvalidRequest(
            f"{call.failed}: a text or number in it cannot be sent.",
            "Remove broken characters and overly long numbers.",
        ) from error
    if _CUT in content:
        raise InvalidRequest(
            f"{call.failed}: a name or text in it is so long that only its start was read.",
            "Use the ollama command on the server for this one.",
        )
    return content
