"""HTTP to one server: who gets the key, which proxy is used, how long an answer may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from http.cookiejar import CookieJar
from typing import Any
from urllib.request import getproxies

import httpx
import msgspec

from ollama_tui import __version__
from ollama_tui.api import sendfile
from ollama_tui.api.clock import MACHINE, Clock, Watchdog
from ollama_tui.api.decode import Body
from ollama_tui.api.errors import (
    CHECK_ADDRESS,
    InvalidRequest,
    NotOllama,
    OllamaError,
    ReadOnly,
    Unreachable,
)
from ollama_tui.api.host import Host
from ollama_tui.api.replies import CUT_MARK
from ollama_tui.api.requests import Call

CONNECT_SECONDS = 10.0
REPLY_TIMEOUTS = httpx.Timeout(30.0, connect=CONNECT_SECONDS, pool=None)
WORK_TIMEOUTS = httpx.Timeout(None, connect=CONNECT_SECONDS)
"""For streams, loads and uploads: a server may be silent for minutes while it works."""

MAX_REPLY_BYTES = 64 * 1024 * 1024
"""A list of 10,000 models takes 3 MB, a vocabulary of 250,000 words about 15."""
MIN_BYTES_PER_SECOND = 1000
"""Minimum rate of a reply after its first 40 seconds."""
ANSWER_WITHIN = 40.0
"""Seconds until an ordinary answer begins, connecting included, and for a pause in it."""
STREAM_WITHIN = 120.0
"""Seconds until the answer to a long piece of work begins: its first event comes at once."""
WORK_WITHIN = 3600.0
"""Seconds until the answer to a load, which is sent when the model is loaded."""
STUCK_AFTER = 300.0
"""Seconds without a byte of an upload going out, or an answer after its last."""

_REFUSAL_LIMIT = 64 * 1024
_CUT = CUT_MARK.encode()
_JSON = {"Content-Type": "application/json"}


class HttpClient:
    """Sends calls to one server and returns its answers; raises only OllamaError."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        send_key: bool,
        transport: httpx.AsyncBaseTransport | None,
        clock: Clock = MACHINE,
        read_only: bool = False,
    ) -> None:
        self.read_only = read_only
        """Whether calls that change the server are refused, with ReadOnly, before they are sent."""
        self._url = url.rstrip("/")
        self._clock = clock
        self._host = Host.of_url(url)
        self._key = api_key.strip() if api_key and self._host.may_have_key(send_key) else ""
        self._withholds_key = bool(api_key) and self._host.is_cloud and not self._key
        self._transport = transport
        self._httpx: httpx.AsyncClient | None = None
        self._closed = False

    async def reply(
        self,
        call: Call,
        body: Mapping[str, Any] | None = None,
        *,
        timeouts: httpx.Timeout = REPLY_TIMEOUTS,
    ) -> Body:
        """Send a call and return the whole body of its answer, as it was read: it may be large."""
        chunks = bytearray()
        await self.read(call, body, chunks.extend, timeouts=timeouts)
        return chunks

    async def read(
        self,
        call: Call,
        body: Mapping[str, Any] | None,
        take: Callable[[bytes], object],
        *,
        pause: float = 0.0,
        timeouts: httpx.Timeout = REPLY_TIMEOUTS,
    ) -> None:
        """Send a call and give each chunk of its answer to `take`, which may raise OllamaError.

        After each chunk others have the event loop for `pause` seconds.
        """
        within = ANSWER_WITHIN if timeouts is REPLY_TIMEOUTS else WORK_WITHIN
        content, headers = encoded(body, call), _JSON if body else {}
        async with self._open(call, content, headers, timeouts, within) as response:
            if _length(response) > MAX_REPLY_BYTES:
                raise _too_large()
            size = 0
            async with self._watchdog(ANSWER_WITHIN) as watchdog:
                async for chunk in body_chunks(response):
                    size += len(chunk)
                    if size > MAX_REPLY_BYTES:
                        raise _too_large()
                    watchdog.extend(len(chunk) / MIN_BYTES_PER_SECOND)
                    take(chunk)
                    if pause:
                        await asyncio.sleep(pause)

    @asynccontextmanager
    async def stream(self, call: Call, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """Send a call whose answer takes as long as the work; leaving closes the connection."""
        content = encoded(body, call)
        async with self._open(call, content, _JSON, WORK_TIMEOUTS, STREAM_WITHIN) as response:
            yield response

    async def upload(
        self,
        call: Call,
        file: sendfile.FileBody,
        headers: Mapping[str, str],
        sent: Callable[[int], None] | None,
    ) -> bytes:
        """Upload a file: with sendfile over a direct plain connection, else in chunks by httpx.

        Return the answer, at most 64 kB of it.
        """
        headers = {**headers, "Content-Length": str(file.size)}
        with translating_errors(call, self._host.authority):
            async with self._watchdog(STUCK_AFTER) as watchdog:

                def report(done: int) -> None:
                    watchdog.restart(STUCK_AFTER)
                    if sent is not None:
                        sent(done)

                # A URL with credentials is left to httpx, which encodes them.
                plain = self._host.scheme == "http" and "@" not in self._url
                direct = self._transport is None and not self._host.is_proxied(getproxies())
                if sendfile.POSSIBLE and plain and direct:
                    return await self._send_file(call, file, headers, report)
                async with (
                    aclosing(file.chunks(report)) as chunks,
                    self._open(call, chunks, headers, WORK_TIMEOUTS, None) as response,
                ):
                    body = bytearray()
                    async for chunk in body_chunks(response):
                        body += chunk
                        if len(body) >= sendfile.ANSWER_LIMIT:
                            break
                    return bytes(body[: sendfile.ANSWER_LIMIT])

    async def aclose(self) -> None:
        """Close all connections; nothing can be sent any more."""
        self._closed = True
        if self._httpx is not None:
            await self._httpx.aclose()

    @asynccontextmanager
    async def _open(
        self,
        call: Call,
        content: bytes | AsyncIterator[bytes] | None,
        headers: Mapping[str, str],
        timeouts: httpx.Timeout,
        within: float | None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a call; yield its good answer with the body unread, raise for any other.

        `within` are the seconds in which the answer must begin: httpx's own time-out starts over
        with each informational response (1xx), and a server may send any number of them.
        """
        with translating_errors(call, self._host.authority):
            client = self._client_for(call)
            request = client.build_request(
                call.endpoint.method,
                self._url + call.path,
                content=content,
                headers=headers,
                timeout=timeouts,
                extensions={"trace": _enable_keepalive},
            )
            async with self._watchdog(within):
                response = await client.send(request, stream=True)
            try:
                if not response.is_success:
                    raise await self._refusal(response, call)
                yield response
            finally:
                await response.aclose()

    async def _send_file(
        self,
        call: Call,
        file: sendfile.FileBody,
        headers: Mapping[str, str],
        sent: Callable[[int], None],
    ) -> bytes:
        url = httpx.URL(self._url + call.path)
        request = sendfile.UploadRequest(
            url.host,
            url.port or 80,
            url.raw_path.decode("ascii"),
            {"Host": url.netloc.decode("ascii"), **self._client_for(call).headers, **headers},
            CONNECT_SECONDS,
        )
        answer = await sendfile.post(request, file, sent)
        if answer.status >= 300:
            # sendfile sends the current content: if the file changed, that is why it was refused.
            file.check()
            raise self._refused(answer.status, answer.location, answer.body, call)
        return answer.body

    async def _refusal(self, response: httpx.Response, call: Call) -> OllamaError:
        """Return the error for an error response, reading at most 64 kB of it."""
        body = bytearray()
        if not response.is_redirect:
            # The status is enough where the body cannot be read.
            with suppress(httpx.DecodingError):
                async with self._watchdog(ANSWER_WITHIN) as watchdog:
                    async for chunk in body_chunks(response):
                        body += chunk
                        watchdog.extend(len(chunk) / MIN_BYTES_PER_SECOND)
                        if len(body) >= _REFUSAL_LIMIT:
                            break
        content = bytes(body[:_REFUSAL_LIMIT])
        return self._refused(response.status_code, location(response), content, call)

    def _refused(self, status: int, location: str, body: bytes, call: Call) -> OllamaError:
        from ollama_tui.api.error_rules.explain import from_response, redirected  # only when needed

        if 300 <= status < 400:
            return redirected(location, call)
        return from_response(status, body, call, host=self._host.authority)

    def _watchdog(self, seconds: float | None) -> Watchdog:
        return Watchdog(seconds, self._clock.seconds, self._clock.sleep)

    def _client_for(self, call: Call) -> httpx.AsyncClient:
        """Return httpx's client, made at first use: that reads proxies and certificates.

        Whatever is sent needs it, so here a read-only client refuses to send what it must not.
        """
        if self.read_only and call.endpoint.changes_server:
            raise ReadOnly(call.failed)
        if self._closed:
            raise OllamaError(
                f"The connection to {self._host.authority} is closed already.",
                "Open another client for it.",
            )
        if self._withholds_key:  # without it, the answer would say to sign in
            raise OllamaError(
                f"The API key is not sent to {self._host.url}: it could be read on the way.",
                "Use https://ollama.com, or unset OLLAMA_API_KEY for this address.",
            )
        if self._httpx is None:
            if self._key and not (self._key.isascii() and self._key.isprintable()):
                raise OllamaError(
                    "The API key contains characters that are not allowed in a key.",
                    "Check OLLAMA_API_KEY.",
                )
            key = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            # Loading the certificate authorities takes 20 ms: only for TLS.
            tls = self._host.scheme == "https"
            self._httpx = new_client(self._host, self._transport, headers=key, tls=tls)
        return self._httpx


def new_client(
    host: Host,
    transport: httpx.AsyncBaseTransport | None,
    *,
    headers: Mapping[str, str],
    tls: bool,
) -> httpx.AsyncClient:
    """Return an httpx client for one host; `tls` says whether certificates are needed.

    It follows no redirect, keeps no cookie, asks for uncompressed answers (what is unpacked here
    may be thousands of times what was sent), and uses the proxies of the environment except for
    loopback. Raises Unreachable when a proxy or certificate setting is wrong.
    """
    common = {"User-Agent": f"ollama-tui/{__version__}", "Accept": "*/*"}
    try:
        return httpx.AsyncClient(
            cookies=_NoCookies(),
            event_hooks={"response": [_take_location]},
            headers={**common, "Accept-Encoding": "identity", **headers},
            # For loopback the environment still names certificate authorities, but no proxy.
            verify=httpx.create_ssl_context() if tls else False,
            trust_env=not host.is_loopback,
            follow_redirects=False,
            transport=transport,
        )
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
        raise Unreachable(
            f"Cannot connect to {host.authority}: the proxy or certificate settings are wrong.",
            "Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE.",
        ) from error


class _NoCookies(CookieJar):
    """Keeps no cookie: one that cannot be sent would make every later request fail."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Do not even read them."""


async def _take_location(response: httpx.Response) -> None:
    """Keep the target of a redirect from httpx, which reads it also where it does not follow.

    It raises errors of many kinds for what is no URL.
    """
    if "location" in response.headers:
        response.extensions["location"] = response.headers.pop("location")


def location(response: httpx.Response) -> str:
    """Return the target of a redirect as it was sent; empty for none."""
    return str(response.extensions.get("location", ""))


def _length(response: httpx.Response) -> int:
    """Return the bytes of the body as the header tells; 0 where it does not."""
    told = response.headers.get("content-length", "")
    return int(told) if told.isdecimal() and len(told) < 30 else 0


def _too_large() -> NotOllama:
    return NotOllama(
        "The server does not answer like Ollama: it sends more than 64 MB.", CHECK_ADDRESS
    )


def body_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body as it arrives; raise httpx.DecodingError if it is compressed."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise httpx.DecodingError("a compressed body", request=response.request)
    # A response whose stream was consumed can only be read from memory.
    return response.aiter_bytes() if response.is_stream_consumed else response.aiter_raw()


@contextmanager
def translating_errors(call: Call, address: str) -> Iterator[None]:
    """Turn what httpx and a Watchdog raise into an OllamaError; `address` is for sentences."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
        from ollama_tui.api.error_rules.explain import from_exception  # only when needed

        raise from_exception(error, call, address) from error


def encoded(body: Mapping[str, Any] | None, call: Call) -> bytes | None:
    """Return a request body as JSON, None for none; raise InvalidRequest if it cannot be sent."""
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


async def _enable_keepalive(event: str, info: dict[str, Any]) -> None:
    """Enable TCP keep-alive for each connection httpx makes: the `trace` extension of a request.

    The socket options of a transport would do the same, but a client with a transport of its own
    does not go through the proxies of the environment.
    """
    if event == "connection.connect_tcp.complete":
        connection = info["return_value"].get_extra_info("socket")
        if connection is not None:
            sendfile.enable_keepalive(connection)
