"""Where a server is, as its base URL says it: whether that is here, and whether it gets the key."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ollama_tui.formatting import inert


@dataclass(frozen=True)
class Place:
    """What a base URL says about where the server is; empty where it says nothing."""

    scheme: str
    name: str
    label: str
    """Host and port for sentences: inert, without user name or password."""
    port: int | None

    @classmethod
    def of(cls, url: str) -> Place:
        """Read a URL; a broken one is found out by httpx when it is used."""
        try:
            parts = urlsplit(url)
            label = inert(parts.netloc.rpartition("@")[2]) or "that address"
            return cls(parts.scheme, parts.hostname or "", label, parts.port)
        except ValueError:
            return cls("", "", "that address", None)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        if self.name == "localhost" or self.name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.name).is_loopback
        except ValueError:
            return False

    def may_have_key(self, send_key: bool) -> bool:
        """Whether the API key may travel there.

        It belongs to ollama.com and goes there over verified TLS. With `send_key` the caller says
        that it was made for this very host; https or loopback is still required then.
        """
        if self.scheme == "https":
            return send_key or (self.name == "ollama.com" and self.port in (None, 443))
        return send_key and self.is_loopback
