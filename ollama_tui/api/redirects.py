"""Which of the redirects and realms that a registry names are followed.

No header that proves who asks goes to another host: the caller sends none after a redirect.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

import httpx

from ollama_tui.api.host import Host

SAME_OWNER = ({"hf.co", "huggingface.co"}, {"ollama.com", "registry.ollama.ai"})
"""Hosts of one owner: redirects between them are followed."""


def joined(
    url: httpx.URL, target: str, parameters: Mapping[str, str] | None = None
) -> httpx.URL | None:
    """Return a URL relative to another, with more parameters; None for what is no URL."""
    try:
        found = url.join(target)
        if parameters:
            # Only then: it encodes the query anew, which a signature may be of.
            found = found.copy_merge_params(parameters)
        return found if found.host is not None else None
    except (httpx.InvalidURL, ValueError):  # the latter from urllib and from IDNA
        return None


def is_same_owner(url: httpx.URL, target: httpx.URL, *, same_host: bool = False) -> bool:
    """Whether `target` belongs to the owner of `url`, and is as safe."""
    if target.scheme not in ("https", url.scheme):
        return False
    if (url.host, url.port) == (target.host, target.port):
        return True
    if target.scheme != "https" or target.port is not None:
        return False
    same_owner = any({url.host, target.host} <= names for names in SAME_OWNER)
    return url.host == target.host or (same_owner and not same_host)


def may_hold_blobs(url: httpx.URL, target: httpx.URL) -> bool:
    """Whether a registry at `url` may keep its blobs at `target`, as with a provider of storage.

    Over TLS that is anywhere but on this machine and on addresses of a private network; a registry
    on this machine may name it in another way.
    """
    ours = Host.of_url(str(target)).is_loopback
    if Host.of_url(str(url)).is_loopback and ours:
        return target.scheme in ("https", url.scheme)
    if target.scheme != "https" or ours or not target.host:
        return False
    try:
        return ipaddress.ip_address(target.host).is_global
    except ValueError:
        return True
