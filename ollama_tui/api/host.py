"""Where an Ollama server is: read from OLLAMA_HOST or a URL, and what follows from the address."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ollama_tui.formatting import inert

_DEFAULT_PORT = 11434
_SCHEME_PORTS = {"http": 80, "https": 443}
_CLOUD = "ollama.com"
_PORT = re.compile(r"\+?[0-9]{1,9}")
_DISCARD = 9
"""The port that a socket is connected to, without sending anything."""


@dataclass(frozen=True)
class Host:
    """The address of an Ollama server, or of a registry."""

    scheme: str
    name: str
    """Host name or IP address, without brackets; empty when a URL has none."""
    port: int
    """0 when a URL of another scheme than http and https has none."""
    prefix: str = ""
    """Path in front of `/api`, with a leading and no trailing slash; empty for none."""

    @classmethod
    def of_url(cls, url: str) -> Host:
        """Read a base URL, leaving out its user name and password; never raises.

        A broken URL gives a host without a name: httpx finds out when the URL is used.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _SCHEME_PORTS.get(parts.scheme, 0)
            return cls(parts.scheme, parts.hostname or "", port, parts.path.rstrip("/"))
        except ValueError:
            return cls("", "", 0)

    @property
    def url(self) -> str:
        """Base URL without a trailing slash, port always included."""
        return f"{self.scheme}://{self._bracketed}:{self.port}{self.prefix}"

    @property
    def authority(self) -> str:
        """Host and port for sentences, inert: no port where the scheme implies it."""
        implied = self.port == _SCHEME_PORTS.get(self.scheme, 0)
        return inert(f"{self._bracketed}{'' if implied else f':{self.port}'}") or "that address"

    @property
    def label(self) -> str:
        """Short form for the status line: the authority and the path prefix, inert."""
        return self.authority + inert(self.prefix)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine (or at the other end of a tunnel to it)."""
        if self.name == "localhost" or self.name.endswith(".localhost"):
            return True
        address = _address(self.name)
        return address is not None and address.is_loopback

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, by whichever of its addresses or host names.

        Neither asks the DNS nor sends anything: for a destination that is one of this machine's
        own addresses the system chooses that same address as the source.
        """
        if self.is_loopback:
            return True
        address = _address(self.name)
        if address is None:
            own = socket.gethostname().lower()
            return self.name.lower().removesuffix(".local") in (own, own.partition(".")[0])
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((self.name, _DISCARD))
            return _address(probe.getsockname()[0]) == address
        return False

    @property
    def is_cloud(self) -> bool:
        """Whether this is ollama.com itself."""
        return self.name.lower() == _CLOUD

    def may_have_key(self, send_key: bool) -> bool:
        """Whether the API key may be sent there.

        It belongs to ollama.com and goes there over verified TLS. With `send_key` the caller
        vouches that it was issued for this very host; https or loopback is still required then.
        """
        if self.scheme == "https":
            return send_key or (self.is_cloud and self.port == _SCHEME_PORTS["https"])
        return send_key and self.is_loopback

    def is_proxied(self, proxies: Mapping[str, str]) -> bool:
        """Whether requests go through one of `proxies`: never those to loopback.

        The keys are names as in the environment (`HTTP_PROXY`, `all_proxy`), or schemes alone, as
        in `urllib.request.getproxies`; whatever else is among them counts for nothing.
        """
        named = {name.lower().removesuffix("_proxy") for name, url in proxies.items() if url}
        return not self.is_loopback and not named.isdisjoint(("all", self.scheme))

    @property
    def _bracketed(self) -> str:
        return f"[{self.name}]" if ":" in self.name else self.name


def parse_host(value: str | None) -> Host:
    """Read OLLAMA_HOST as Ollama's own client does, but connect to loopback for 0.0.0.0 and ::.

    Raises ValueError, with a sentence for the user, when the value holds a user name or password.
    """
    text = (value or "").strip().strip("\"'").strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = ("https", f"{_CLOUD}:443") if text == _CLOUD else ("http", text)
    default_port = _SCHEME_PORTS.get(scheme, _DEFAULT_PORT) if separator else _DEFAULT_PORT
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise ValueError("OLLAMA_HOST cannot hold a user name or password.")
    name, named_port = _split_port(authority)
    port = int(named_port) if _PORT.fullmatch(named_port) else default_port
    prefix = path.strip("/")
    return Host(
        scheme=scheme,
        name=_reachable(name),
        port=port if port <= 65535 else default_port,
        prefix=f"/{prefix}" if prefix else "",
    )


def _split_port(authority: str) -> tuple[str, str]:
    """Split `host:port`; a bare IPv6 address has no port."""
    if authority.startswith("["):
        name, bracket, tail = authority[1:].partition("]")
        return (name, tail[1:]) if bracket and tail.startswith(":") else (name, "")
    if authority.count(":") != 1:
        return authority, ""
    name, _, port = authority.partition(":")
    return name, port


def _reachable(name: str) -> str:
    """Return a host that can be connected to: the unspecified address means this machine."""
    if not name:
        return "127.0.0.1"
    address = _address(name)
    if address is None:
        return name
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return str(address)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
