"""Failures of the connection → errors a person can act on."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ollama_tui.api.endpoints import Call
from ollama_tui.api.errors import ADDRESS, Interrupted, NotOllama, OllamaError, Unreachable
from ollama_tui.formatting import inert

_REFUSED = f"Start Ollama there (ollama serve), or correct {ADDRESS}."
_ADDRESS = f"Check {ADDRESS}."
_NETWORK = f"Check {ADDRESS}, the network and any firewall between."


@contextmanager
def explained(call: Call, address: str) -> Iterator[None]:
    """Turn what httpx and a Watchdog raise into an OllamaError; `address` is what we connect to."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
        raise explain(error, call, inert(address)) from error


def explain(error: Exception, call: Call, address: str) -> OllamaError:
    """Return the OllamaError for a failure of httpx."""
    if isinstance(error, httpx.ConnectTimeout):
        return _no_connection(address, "it did not answer in time", _NETWORK)
    if isinstance(error, httpx.ConnectError):
        return _unconnected(error, address)
    if isinstance(error, httpx.ProxyError):
        return _no_connection(
            address, "the proxy did not connect", "Check the proxy, or name the host in NO_PROXY."
        )
    if isinstance(error, httpx.UnsupportedProtocol):
        return _no_connection(address, "its scheme is neither http nor https", _ADDRESS)
    if isinstance(error, (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError)):
        return _no_connection(address, "it is not a valid address", _ADDRESS)
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
    if _is_not_http(error):
        return NotOllama(f"{call.failed}: what answers at {address} is not Ollama.", _ADDRESS)
    return Interrupted(
        f"{call.failed}: the connection to {address} broke.",
        "The server or the network went away; try again.",
    )


def _unconnected(error: httpx.ConnectError, address: str) -> Unreachable:
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
            return _no_connection(
                address, "there is no host of that name", f"Check {ADDRESS} and the DNS."
            )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return _no_connection(address, "it refuses connections", _REFUSED)
    return _no_connection(address, "it cannot be reached from here", _NETWORK)


def _no_connection(address: str, why: str, hint: str) -> Unreachable:
    return Unreachable(f"No connection to {address[:60]}: {why}.", hint)


def _is_not_http(error: Exception) -> bool:
    return isinstance(error, httpx.RemoteProtocolError) and "llegal" in str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and everything that led to it."""
    while error is not None:
        yield error
        for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _causes(part)
        error = error.__cause__ or error.__context__
