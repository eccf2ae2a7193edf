"""Where the server is, as OLLAMA_HOST says it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_DEFAULT_PORT = 11434
_SCHEME_PORTS = {"http": 80, "https": 443}
_CLOUD = "ollama.com"
_PORT = re.compile(r"\+?[0-9]{1,9}")


@dataclass(frozen=True)
class Host:
    """The address of an Ollama server."""

    scheme: str
    name: str
    """Host name or IP address, without brackets."""
    port: int
    prefix: str = ""
    """Path in front of `/api`, with a leading and no trailing slash; empty for none."""

    @property
    def url(self) -> str:
        """Base URL without a trailing slash, port always included."""
        return f"{self.scheme}://{self._bracketed}:{self.port}{self.prefix}"

    @property
    def label(self) -> str:
        """Short form for the status line: no scheme, and no port where the scheme implies it."""
        implied = _SCHEME_PORTS.get(self.scheme) == self.port
        return f"{self._bracketed}{'' if implied else f':{self.port}'}{self.prefix}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine (or at the other end of a tunnel to it)."""
        if self.name == "localhost" or self.name.endswith(".localhost"):
            return True
        address = _address(self.name)
        return address is not None and address.is_loopback

    @property
    def is_cloud(self) -> bool:
        """Whether this is ollama.com itself."""
        return self.name.lower() == _CLOUD

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
    name, port = _split_port(authority)
    prefix = path.strip("/")
    return Host(
        scheme=scheme,
        name=_reachable(name),
        port=_valid_port(port, default_port),
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


def _valid_port(text: str, default: int) -> int:
    """Return the port `text` names, or the default when it names none."""
    if not _PORT.fullmatch(text):
        return default
    port = int(text)
    return port if port <= 65535 else default


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
