"""The Hugging Face Hub: searching repositories of GGUF models, and listing the files of one.

    async with HuggingFace(endpoint_from(environ), token=environ.get("HF_TOKEN")) as hub:
        page = await hub.search("coder", RepositoryOrder.DOWNLOADS)
        listing = await hub.files(page.repositories[0].id)

Documented at https://huggingface.co/docs/hub/api. Only the listing is read here: it is the server
that downloads, and by names of its own (`hf.co/user/repository:QUANTIZATION`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import httpx

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
)
from ollama_tui.api.host import Host
from ollama_tui.api.http import body_chunks, location, new_client
from ollama_tui.api.huggingface_replies import (
    RepositoryListing,
    RepositoryPage,
    is_repository,
    repository_listing,
    repository_page,
    unexpected,
)
from ollama_tui.formatting import inert

DEFAULT_ENDPOINT = "https://huggingface.co"
HUGGING_FACE = "Hugging Face"
PAGE = 30
"""Repositories of a page."""
TOTAL_TIMEOUT = 20.0
"""Seconds for a whole answer, redirects included."""
STEP_TIMEOUT = httpx.Timeout(10.0)
"""Seconds for connecting and for each read."""
MAX_BYTES = 8 * 1024 * 1024
"""Bytes of an answer: a page with its chat templates has some 500 kB, 5000 files about 2 MB."""
MAX_REDIRECTS = 4
MAX_CURSOR = 4096
"""Letters of a cursor."""
_MOST_WORDS = 200
"""Letters of a search."""
_FIELDS = (
    "downloads", "likes", "lastModified", "gated", "private", "disabled", "pipeline_tag", "gguf",
)  # fmt: skip
_NEXT = re.compile(r'<([^<>]*)>\s*;[^<]*\brel="?next"?', re.IGNORECASE)
_RESET = re.compile(r"\bt=(\d{1,6})\b")


class RepositoryOrder(StrEnum):
    """Orders of a search, the biggest or newest first; the values are those of the API."""

    TRENDING = "trendingScore"
    DOWNLOADS = "downloads"
    LIKES = "likes"
    UPDATED = "lastModified"


def endpoint_from(environ: Mapping[str, str]) -> str:
    """Return the address of the Hub, or of the mirror in HF_ENDPOINT; raises ValueError.

    The message is a sentence for the user.
    """
    text = environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    if not text:
        return DEFAULT_ENDPOINT
    try:
        parts = urlsplit(text)
        is_address = bool(parts.scheme in ("http", "https") and parts.hostname) and parts.port != 0
        plain = not (parts.query or parts.fragment)
        has_user = parts.username is not None or parts.password is not None
    except ValueError:
        is_address = plain = has_user = False
    if has_user:
        raise ValueError("HF_ENDPOINT cannot hold a user name or password.")
    if not (is_address and plain and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("HF_ENDPOINT is not an address such as https://huggingface.co.")
    return text


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


class HuggingFace:
    """Asks the Hub; every method raises only OllamaError.

    The token goes to the host of `endpoint` only, and there over TLS or to this machine. Redirects
    are followed without it as soon as they lead to another origin: another host, port or scheme.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = MACHINE,
    ) -> None:
        """Connect to nothing yet."""
        self.endpoint = endpoint
        self._origin = _origin(httpx.URL(endpoint))
        self._host = Host.of_url(endpoint)
        self._token = (token or "").strip()
        self._transport = transport
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self.where = HUGGING_FACE if endpoint == DEFAULT_ENDPOINT else self._host.label
        """What sentences call it."""

    @property
    def has_token(self) -> bool:
        """Whether there is a token to send."""
        return bool(self._token)

    async def __aenter__(self) -> HuggingFace:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def search(
        self, words: str, order: RepositoryOrder = RepositoryOrder.TRENDING, cursor: str = ""
    ) -> RepositoryPage:
        """Return a page of the repositories with GGUF files that match `words`; all for none.

        `cursor` is that of the page before; empty for the first one.
        """
        asked = [("filter", "gguf"), ("sort", order.value), ("direction", "-1")]
        asked += [("limit", str(PAGE)), *(("expand", field) for field in _FIELDS)]
        if words := inert(" ".join(words.split()))[:_MOST_WORDS]:
            asked.append(("search", words))
        if cursor:
            asked.append(("cursor", cursor))
        answer = await self._ask("/api/models", asked, "")
        return repository_page(answer.body, next_cursor(answer.headers), self.where)

    async def files(self, repository: str) -> RepositoryListing:
        """Return a repository with its files, their exact sizes and digests."""
        if not is_repository(repository):
            raise NotFound(f"{inert(repository)[:100]} is no name of a repository.", status=404)
        answer = await self._ask(f"/api/models/{repository}", [("blobs", "true")], repository)
        return repository_listing(answer.body, self.where)

    async def _ask(self, path: str, asked: Sequence[tuple[str, str]], repository: str) -> _Answer:
        """Return a successful answer."""
        url = httpx.URL(self.endpoint + path).copy_merge_params(httpx.QueryParams(tuple(asked)))
        with self._translating_errors():
            async with Watchdog(TOTAL_TIMEOUT, self._clock.seconds, self._clock.sleep):
                answer = await self._follow(url)
        if answer.status != 200:
            raise self._refusal(answer, repository)
        return answer

    async def _follow(self, url: httpx.URL) -> _Answer:
        """Return the answer after a few redirects; raises what httpx raises too."""
        headers = self._authorization()
        for _ in range(MAX_REDIRECTS + 1):
            answer, target = await self._send(url, headers)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            try:
                url = url.join(target)
                is_safe = url.scheme == "https" or _origin(url) == self._origin
            except (httpx.InvalidURL, ValueError):  # the latter from urllib and from IDNA
                is_safe = False
            # A user name in the address would be sent as another Authorization.
            if not (target and is_safe and url.host and not url.userinfo):
                raise NotOllama(f"{self.where} redirects to an address that is not followed.")
            if _origin(url) != self._origin:
                headers = {}  # for good: whoever is there could send it back with other words
        raise NotOllama(f"{self.where} redirects too often.")

    def _authorization(self) -> dict[str, str]:
        """Return the header with the token; empty without one, and where it could be read."""
        if not self._token or not (self._host.scheme == "https" or self._host.is_loopback):
            return {}
        if not (self._token.isascii() and self._token.isprintable() and " " not in self._token):
            raise OllamaError(
                "The token of Hugging Face contains characters that are not allowed in one.",
                "Check HF_TOKEN.",
            )
        return {"Authorization": f"Bearer {self._token}"}

    async def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> tuple[_Answer, str]:
        """Return an answer, and where it redirects to."""
        if self._client is None:
            accept = {"Accept": "application/json"}
            self._client = new_client(self._host, self._transport, headers=accept, tls=True)
        request = self._client.stream("GET", url, headers=dict(headers), timeout=STEP_TIMEOUT)
        async with request as response:
            body = bytearray()
            async for chunk in body_chunks(response):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise unexpected(self.where)
            return _Answer(response.status_code, response.headers, bytes(body)), location(response)

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        """Turn what httpx raises into an OllamaError that speaks of the Hub."""
        where = self.where
        try:
            yield
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Interrupted(f"{where} did not answer in time.", "R asks again.") from error
        except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise Unreachable(
                f"This machine cannot reach {where}.",
                "Check its connection and proxy settings, then R asks again.",
            ) from error
        except (httpx.DecodingError, httpx.InvalidURL, UnicodeError) as error:
            raise unexpected(where) from error
        except httpx.HTTPError as error:
            raise Interrupted(f"The connection to {where} broke.", "R asks again.") from error

    def _refusal(self, answer: _Answer, repository: str) -> OllamaError:
        """Return the error for an answer without success, in our words: its own may be anything."""
        status, where = answer.status, self.where
        code = answer.headers.get("x-error-code", "")
        said = answer.headers.get("x-error-message", "").lower()
        if code == "GatedRepo":
            return Forbidden(
                f"{repository or where} is gated: its terms have to be accepted on its web page.",
                self._hint_on_token(), status=status,
            )  # fmt: skip
        if "disabled" in said:
            return Forbidden(f"{where} has disabled {repository or 'this'}.", status=status)
        if status == 401 and "invalid" in said and self._token and code != "RepoNotFound":
            return Unauthorized(
                f"{where} rejected the token in HF_TOKEN.",
                "Make another one at huggingface.co/settings/tokens, or unset HF_TOKEN.",
                status=status,
            )
        if repository and (status in (401, 404) or code == "RepoNotFound"):
            return NotFound(
                f"{where} has no repository {repository}, or it is private.",
                "" if self._token else "Private ones are listed with a token in HF_TOKEN.",
                status=status,
            )
        if status == 401:
            return Unauthorized(f"{where} requires a token.", self._hint_on_token(), status=status)
        if status == 429:
            return Busy(f"{where} is limiting requests.", self._when_again(answer), status=status)
        return self._other_refusal(status)

    def _other_refusal(self, status: int) -> Refused:
        where = self.where
        if status == 403:
            return Forbidden(f"{where} does not allow this.", self._hint_on_token(), status=status)
        if status == 404:
            return NotFound(f"{where} has no such API.", "Check HF_ENDPOINT.", status=status)
        if status >= 500:
            return ServerFailed(
                f"{where} failed to answer ({status}).", "Wait a while, then R asks again.",
                status=status,
            )  # fmt: skip
        return Refused(
            f"{where} did not understand the request ({status}).", "A newer ollama-tui may help.",
            status=status,
        )  # fmt: skip

    def _hint_on_token(self) -> str:
        if self._token:
            return "The account of HF_TOKEN needs access, and the token the right to read."
        return "Then set HF_TOKEN to a token of huggingface.co/settings/tokens, and start again."

    def _when_again(self, answer: _Answer) -> str:
        told = answer.headers.get("retry-after", "").strip()
        reset = _RESET.search(answer.headers.get("ratelimit", ""))
        if told.isdecimal() and len(told) < 7:
            seconds = int(told)
        elif reset is not None:
            seconds = int(reset[1])
        else:
            seconds = 300  # its windows have five minutes
        wait = f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
        more = "" if self._token else " A token in HF_TOKEN allows more."
        return f"Wait {wait}, then R asks again.{more}"


def next_cursor(headers: httpx.Headers) -> str:
    """Return the cursor of the next page, which the Link header names; empty on the last page.

    Only the cursor is taken from there, never the address: a mirror may name the Hub itself.
    """
    link = _NEXT.search(headers.get("link", ""))
    if link is None:
        return ""
    try:
        cursor = httpx.URL(link[1]).params.get("cursor", "")
    except (httpx.InvalidURL, ValueError):
        return ""
    is_plain = cursor.isascii() and cursor.isprintable()
    return cursor if is_plain and len(cursor) <= MAX_CURSOR else ""


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port; None for the port that the scheme implies."""
    return url.scheme, url.host, url.port
