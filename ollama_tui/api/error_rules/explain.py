"""Turn a failure into an error that a person can act on.

A failure comes as an exception of httpx, as a response with an error status, or as an error line
in a stream.
"""

from __future__ import annotations

import html
import re
import socket
import ssl
from collections.abc import Iterator, Mapping

import msgspec

from ollama_tui.api.decode import error_text, is_page, not_ollama, page_title
from ollama_tui.api.error_rules import creating, first_match, manifests, transferring
from ollama_tui.api.errors import (
    ADDRESS,
    CHECK_ADDRESS,
    Busy,
    Forbidden,
    Interrupted,
    InvalidRequest,
    NotFound,
    NotOllama,
    OllamaError,
    Refused,
    ServerFailed,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from ollama_tui.api.requests import HEAD_BLOB, Call
from ollama_tui.formatting import ELLIPSIS, as_one_line, inert, shorten

TITLE_LIMIT = 120
WORDS_LIMIT = 600

_RULES = (*manifests.RULES, *transferring.RULES, *creating.RULES)
_TAG = re.compile(r"<(?:style|script)\b.*?</|<[^<>]{0,500}>", re.DOTALL | re.IGNORECASE)
_PATH = re.compile(
    r"(?<![\w:/.])/[\w.+@-]+(?:/[\w.+@:-]*[\w.+@-])+"
    r'|\b[A-Za-z]:\\(?:[^\\:*?"<>|]+\\)*[^\s\\:*?"<>|]+'
)
_REQUESTED = re.compile(r'\b(?:Delete|Get|Head|Patch|Post|Put) "[^"]*": ')
"""What Go puts in front of the reason why a request failed: there is no room for both."""
_NOT_HTTP = re.compile("llegal|Content-Length|Transfer-Encoding|too long|status|headers|malformed")
"""What h11 says of bytes that are no HTTP; of a connection that ends early it says that."""
_WRONG_SCHEME = re.compile(r"HTTP request (?:was sent )?to (?:an )?HTTPS", re.IGNORECASE)

_BY_STATUS: Mapping[int, tuple[type[Refused], str, str]] = {
    401: (Unauthorized, "sign-in is needed", "Sign in, or give the server's key."),
    402: (Forbidden, "the usage limit is reached", "Wait for its reset, or change the plan."),
    403: (Forbidden, "the server does not allow it", ""),
    404: (NotFound, "the server does not have it", "Refresh the list."),
    429: (Busy, "the server is limiting requests", "Wait a moment, then try again."),
    499: (Busy, "the request was cancelled", "Try again."),
    503: (Busy, "the server is busy", "Wait a moment, then try again."),
}
_TRANSIENT = frozenset({408, 425, 429, 499, 502, 503, 504})
"""Statuses after which the same request may succeed, whatever text comes with them."""


_START_OLLAMA = f"Start Ollama there (ollama serve), or correct {ADDRESS}."
_CHECK = f"Check {ADDRESS}."
_NETWORK = f"Check {ADDRESS}, the network and any firewall between."


class _ErrorBody(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw()
    signin_url: msgspec.Raw = msgspec.Raw()


def from_exception(error: Exception, call: Call, address: str) -> OllamaError:
    """Return the error for what httpx raised, or for a TimeoutError; `address` is inert."""
    import httpx  # loaded already wherever it can raise

    if isinstance(error, httpx.ConnectTimeout):
        return _no_connection(address, "timed out", _NETWORK)
    if isinstance(error, httpx.ConnectError):
        return _unconnected(error, address)
    if isinstance(error, httpx.ProxyError):
        return _no_connection(
            address, "the proxy did not connect", "Check the proxy, or name the host in NO_PROXY."
        )
    if isinstance(error, httpx.UnsupportedProtocol):
        return _no_connection(address, "the scheme is neither http nor https", _CHECK)
    if isinstance(error, (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError)):
        return _no_connection(address, "not a valid address", _CHECK)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return Interrupted(
            f"{call.failed}: {address} did not answer in time.",
            "It may be busy; try again in a moment.",
        )
    if isinstance(error, httpx.DecodingError):
        return NotOllama(
            f"{call.failed}: {address} answers with compressed data, which Ollama never does.",
            f"Turn compression off in the proxy before it, or check {ADDRESS}.",
        )
    if isinstance(error, httpx.RemoteProtocolError) and _NOT_HTTP.search(str(error)):
        return NotOllama(f"{call.failed}: what answers at {address} is not Ollama.", _CHECK)
    return Interrupted(
        f"{call.failed}: the connection to {address} broke.",
        "The server or the network went away; try again.",
    )


def _unconnected(error: Exception, address: str) -> Unreachable:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _no_connection(
                address,
                "its TLS certificate is not trusted",
                f"Add its authority to SSL_CERT_FILE, or check the host name in {ADDRESS}.",
            )
        if isinstance(cause, ssl.SSLError):
            return _no_connection(
                address, "it does not speak TLS", f"Write http:// in {ADDRESS} if it has no TLS."
            )
        if isinstance(cause, (socket.gaierror, UnicodeError)):
            return _no_connection(address, "no such host", f"Check {ADDRESS} and the DNS.")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return _no_connection(address, "connection refused", _START_OLLAMA)
    return _no_connection(address, "not reachable from here", _NETWORK)


def _no_connection(address: str, why: str, hint: str) -> Unreachable:
    return Unreachable(f"Cannot connect to {address[:60]}: {why}.", hint)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and everything that led to it."""
    while error is not None:
        yield error
        for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _causes(part)
        error = error.__cause__ or error.__context__


def from_line(words: str, call: Call, *, signin_url: str = "") -> Refused:
    """Return the error of an `{"error": …}` line in a stream that began well."""
    return _refused(tidy(words), 200, call, signin_url)


def from_response(status: int, body: bytes, call: Call, *, host: str = "") -> OllamaError:
    """Return the error of an answer with a status of 4xx or 5xx; `host` is for sentences."""
    text = body.decode("utf-8", "replace")
    reply = _error_body(body)
    if reply is not None and (words := error_text(reply.error)):
        return _refused(tidy(words), status, call, error_text(reply.signin_url))
    if reply is not None:
        return not_ollama(body, status)
    if _WRONG_SCHEME.search(text):
        return NotOllama(
            f"{call.failed}: the server expects HTTPS.", f"Write https:// in {ADDRESS}."
        )
    if status in (405, 501) or (status == 404 and text.strip() and not is_page(text)):
        row = call.endpoint.row
        needs = f"It needs Ollama {row.needs}. " if row else ""
        return Unsupported(
            f"This server is too old for {call.endpoint.feature}.",
            f"{needs}Update Ollama on the server, or check the path in {ADDRESS}.",
            status=status,
            server_text=tidy(text),
        )
    if status == 403 and not text.strip():
        return _gate(call, host)
    if is_page(text):
        return _page(status, text, call)
    if status == 400 and call.endpoint is HEAD_BLOB:
        text = "invalid digest format"  # a HEAD response has no body; 400 means an invalid digest
    return _refused(tidy(text), status, call)


def redirected(target: str, call: Call) -> NotOllama:
    """Return the error of a redirect, which is never followed: a key must not be passed on."""
    shown = shorten(inert(target.split("?")[0].split("#")[0].rpartition("@")[2]), 50)
    where = f" to {shown}" if shown else ""
    return NotOllama(
        f"{call.failed}: the server redirects{where}.",
        f"Set {ADDRESS} to where Ollama itself answers.",
    )


def tidy(text: str) -> str:
    """Return a server's text as one inert line of at most 600 characters, without HTML tags."""
    text = text[: WORDS_LIMIT * 10]
    if "<html" in text.lower() or is_page(text):
        text = html.unescape(_TAG.sub(" ", text))
    return shorten(as_one_line(text), WORDS_LIMIT)


def without_paths(words: str) -> str:
    """Return `words` with the server's file paths left out."""
    return _PATH.sub(ELLIPSIS, words)


def _refused(words: str, status: int, call: Call, signin_url: str = "") -> Refused:
    """Return the error of inert words: by the first rule that knows them, else by status."""
    found = first_match(_RULES, words, call)
    if found is None:
        fallback = InvalidRequest if 400 <= status < 500 else ServerFailed
        kind, reason, hint = _BY_STATUS.get(status, (fallback, "", ""))
        said = without_paths(_REQUESTED.sub("", words)).rstrip(". ")
        reason = said or reason or f"the server answered {status}"
        hint = hint or "The server's log may say more."
        transient = status >= 500 or status in _TRANSIENT
    else:
        rule, match = found
        kind, (reason, hint) = rule.kind, rule.fill(match, call)
        reason, hint = without_paths(reason), shorten(hint, 240)
        transient = rule.transient or status in _TRANSIENT
    title = _title(call, reason)
    if kind is Unauthorized:
        return Unauthorized(
            title, hint, status=status, server_text=words, signin_url=_link(signin_url)
        )
    refused = kind(title, hint, status=status, server_text=words)
    refused.transient = transient
    return refused


def _title(call: Call, reason: str) -> str:
    start = f"{call.failed}: "
    return f"{start}{shorten(reason, TITLE_LIMIT - len(start) - 1)}."


def _gate(call: Call, host: str) -> Forbidden:
    """Return the error of a 403 without a body: the server checks the Host header."""
    called = f" {shorten(inert(host), 40)}" if host else ""
    return Forbidden(
        f"{call.failed}: the server does not accept the host name{called}.",
        "An Ollama server that listens on loopback accepts local names only: use 127.0.0.1 or a "
        "name in .local or .internal, or set OLLAMA_HOST=0.0.0.0 on the server.",
        status=403,
    )


def _page(status: int, text: str, call: Call) -> OllamaError:
    """Return the error of an HTML page: a proxy answers, not Ollama."""
    title = page_title(text)
    said = f' with a page titled "{title}"' if title else ""
    if status == 413:
        return InvalidRequest(
            f"{call.failed}: a proxy rejects requests of this size.",
            "Raise the proxy's limit, or connect to the server without it.",
            status=status,
            server_text=tidy(text),
        )
    hint = "The Ollama server behind the proxy may be down." if status >= 500 else CHECK_ADDRESS
    return NotOllama(_title(call, f"something else answered {status}{said}"), hint, status=status)


def _error_body(body: bytes) -> _ErrorBody | None:
    """Return the error of a JSON object; also when more than one JSON value was sent."""
    try:
        return msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _link(url: str) -> str | None:
    """Return a sign-in URL that is safe to show and to open; None for anything else."""
    if not url.startswith("https://") or len(url) > 2000:
        return None
    return url if inert(url) == url and not re.search(r"\s", url) else None
