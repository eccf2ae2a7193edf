"""Rules for registries, the network and the disk."""

from __future__ import annotations

from ollama_tui.api.errors import Busy, InvalidRequest, NotFound, ServerFailed, Unsupported
from ollama_tui.api.messages.rule import Rule, is_abroad, on

_FETCH = on("pull", "create")
_REGISTRY = on("pull", "push", "create")

RULES = (
    Rule(
        r"no space left on device|not enough space on the disk|disk quota exceeded",
        ServerFailed,
        "the server's disk is full",
        "Delete models or free space on the server, then pull again: it goes on where it stopped.",
        on("pull"),
    ),
    Rule(
        r"no space left on device|not enough space on the disk|disk quota exceeded",
        ServerFailed,
        "the server's disk is full",
        "Delete models or free space on the server, then try again.",
    ),
    Rule(
        r"pull model manifest: file does not exist",
        NotFound,
        "the registry at {host} has no such model",
        "Check the spelling and the tag.",
        on("pull"),
        is_abroad,
    ),
    Rule(
        r"pull model manifest: file does not exist",
        NotFound,
        "no registry has a model of that name",
        "Check the spelling and the tag on {page}.",
        on("pull"),
    ),
    Rule(
        r"pull model manifest: file does not exist",
        NotFound,
        "its base is neither on this server nor in a registry",
        "Choose a base from the list, or check its spelling on ollama.com/library.",
        on("create"),
    ),
    Rule(
        r"server gave HTTP response to HTTPS client",
        ServerFailed,
        "the registry speaks plain HTTP, not HTTPS",
        "If it is your own registry, turn on insecure and try again.",
        _REGISTRY,
    ),
    Rule(
        r"digest mismatch, file must be downloaded again",
        ServerFailed,
        "a layer arrived damaged",
        "The damaged file is gone from the server: pull again.",
    ),
    Rule(
        r"max retries exceeded",
        ServerFailed,
        "the upload broke off too often",
        "Push again when the connection is better; it starts over.",
        on("push"),
        passing=True,
    ),
    Rule(
        r"max retries exceeded",
        ServerFailed,
        "the download broke off too often",
        "Try again later: what was downloaded is kept.",
        passing=True,
    ),
    Rule(
        r"lookup (?P<name>(?:[\w-]+\.)*ollama\.(?:com|ai))\b",
        ServerFailed,
        "the server cannot reach the internet",
        "It does not find {name}: check the server's network and DNS.",
        passing=True,
    ),
    Rule(
        r"lookup (?P<name>[\w.-]{1,60})",
        ServerFailed,
        "the server does not find the host {name}",
        "Check the host in the name, and the server's DNS.",
        passing=True,
    ),
    Rule(
        r"dial tcp (?P<address>[\w.:\[\]-]{1,60}): (?:connect|connectex): .*refused",
        ServerFailed,
        "nothing answers the server at {address}",
        "Check host and port in the name, and that the registry is running.",
        _REGISTRY,
        passing=True,
    ),
    Rule(
        r"x509:|certificate",
        ServerFailed,
        "the server does not trust the registry's certificate",
        "Add the registry's authority on the server, or use a registry with a known one.",
        _REGISTRY,
    ),
    Rule(
        r"dial tcp|i/o timeout|TLS handshake timeout|connection reset|no route to host",
        ServerFailed,
        "the server's connection to the other host failed",
        "Check the server's network, firewall and proxy, then try again.",
        passing=True,
    ),
    Rule(
        r"(?:^|manifest: )412:|requires a newer version of Ollama",
        Unsupported,
        "it needs a newer version of Ollama",
        "Update Ollama on the server: ollama.com/download.",
    ),
    Rule(
        r"(?:^|manifest: )429:",
        Busy,
        "the registry asks to slow down",
        "Wait a few minutes, then try again.",
        _REGISTRY,
        passing=True,
    ),
    Rule(
        r"(?:^|manifest: |status )(?P<code>5\d\d)\b",
        ServerFailed,
        "the registry failed with status {code}",
        "The fault is not here: try again later.",
        _REGISTRY,
        passing=True,
    ),
    Rule(
        r"(?:^|manifest: |status )(?P<code>[34]\d\d)\b",
        ServerFailed,
        "the registry answered with status {code}",
        "Check the name on {page}.",
        _REGISTRY,
    ),
    Rule(
        r"pull model manifest: (?:invalid character|unexpected|json:)",
        ServerFailed,
        "what the registry sent is not a manifest",
        "Check the host in the name: it may not be a model registry.",
        _FETCH,
    ),
    Rule(
        r"no Location header in response",
        ServerFailed,
        "the registry does not redirect downloads",
        "Ollama pulls only from registries that do; pushing to this one still works.",
        _FETCH,
    ),
    Rule(
        r"^file does not exist$",
        NotFound,
        "the registry lacks one of its layers",
        "The model is damaged there: try another tag, or have it pushed again.",
        _FETCH,
    ),
    Rule(
        r"context deadline exceeded",
        ServerFailed,
        "the registry sent nothing for too long",
        "Try again later: what was downloaded is kept.",
        _FETCH,
        passing=True,
    ),
    Rule(
        r"context canceled",
        Busy,
        "an earlier transfer of it was just being stopped",
        "Try again in a moment.",
        _REGISTRY,
    ),
    Rule(
        r"digest mismatch, expected",
        InvalidRequest,
        "the bytes received are not those of its digest",
        "The file may have changed meanwhile: try again.",
        on("upload"),
    ),
)
