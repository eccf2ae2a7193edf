"""Rules for registries, the network, the disk, sign-in, rights and the cloud."""

from __future__ import annotations

from ollama_tui.api.error_rules import Rule, is_in_cloud, is_other_registry
from ollama_tui.api.errors import (
    Busy,
    Forbidden,
    InvalidRequest,
    NotFound,
    ServerFailed,
    Unauthorized,
    Unsupported,
)

_FETCH = ("pull", "create")
_REGISTRY = ("pull", "push", "create")

_ACCOUNT = (
    Rule(
        r"cloud is disabled",
        Forbidden,
        "cloud models are disabled on this server",
        "Start the server without OLLAMA_NO_CLOUD and disable_ollama_cloud to use them.",
    ),
    Rule(
        r"cannot run this remote model",
        Forbidden,
        "the server is not allowed to use the host of this remote model",
        "Name that host in OLLAMA_REMOTES on the server.",
    ),
    Rule(
        r"usage limit",
        Forbidden,
        "the account has reached its usage limit",
        "Wait until the limit resets, or change the plan on ollama.com.",
    ),
    Rule(
        r"requires a subscription|upgrade (?:for access|your plan)",
        Forbidden,
        "the account's plan does not include it",
        "Change the plan on ollama.com, or choose another model.",
    ),
    Rule(
        r"not currently signed in",
        Unauthorized,
        "the server is not signed in",
        "There is nothing to do: no account is connected.",
    ),
    Rule(
        r"error signing out",
        ServerFailed,
        "the server cannot reach ollama.com",
        "Check the server's internet connection, then try again.",
    ),
    Rule(
        r"account unavailable",
        Busy,
        "the server cannot reach ollama.com",
        "Check the server's internet connection, or whether its cloud features are disabled.",
    ),
    Rule(
        r"error getting authorization details",
        ServerFailed,
        "the server cannot read its own key",
        "See the server's log about its id_ed25519 key.",
    ),
    Rule(
        r"^(?:http status )?403\b",
        Forbidden,
        "the registry at {host} refuses to store it",
        "Check the namespace in the name, and who may write to that registry.",
        ("push",),
        is_other_registry,
    ),
    Rule(
        r"unauthorized|access denied|^(?:http status )?401\b",
        Unauthorized,
        "the registry at {host} refuses to store it",
        "Check the namespace in the name, and who may write to that registry.",
        ("push",),
        is_other_registry,
    ),
    Rule(
        r"access denied",
        Unauthorized,
        "the account is not allowed to write to that namespace",
        "Copy the model to <your user name>/<model> and push the copy.",
        ("push",),
    ),
    Rule(
        r"^(?:http status )?403\b",
        Forbidden,
        "the registry does not allow it",
        "Copy the model to <your user name>/<model> and push the copy.",
        ("push",),
    ),
    Rule(
        r"unauthorized|^(?:http status )?401\b",
        Unauthorized,
        "the server is not signed in to ollama.com",
        "Sign in, then push again.",
        ("push",),
    ),
    Rule(
        r"\b401:|access denied|^unauthorized",
        Unauthorized,
        "the registry asks for rights the server does not have",
        "The model may be private or the name misspelled: check it at {page}, or sign in.",
        ("pull", "create"),
    ),
    Rule(
        r"\b403:",
        Forbidden,
        "the registry does not allow access to it",
        "The model may be private or the name misspelled: check it at {page}.",
        ("pull", "create"),
    ),
    Rule(
        r"realm host",
        Forbidden,
        "the registry sends the server elsewhere to sign in",
        "The server does not follow it there; check the host in the name.",
        ("pull", "push", "create"),
    ),
    Rule(
        r"^unauthorized",
        Unauthorized,
        "the server is not signed in to ollama.com",
        "Sign in to use cloud models and to push.",
    ),
    Rule(
        r"model ['\"].*['\"] not found",
        NotFound,
        "ollama.com has no such cloud model",
        "Check the spelling and the size in the tag on ollama.com/search.",
        ("show", "load"),
        is_in_cloud,
    ),
)

_TRANSFERS = (
    Rule(
        r"no space left on device|not enough space on the disk|disk quota exceeded",
        ServerFailed,
        "the server's disk is full",
        "Delete models or free space on the server, then pull again: it resumes where it stopped.",
        ("pull",),
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
        ("pull",),
        is_other_registry,
    ),
    Rule(
        r"pull model manifest: file does not exist",
        NotFound,
        "no registry has a model of that name",
        "Check the spelling and the tag on {page}.",
        ("pull",),
    ),
    Rule(
        r"pull model manifest: file does not exist",
        NotFound,
        "its base is neither on this server nor in a registry",
        "Choose a base from the list, or check its spelling on ollama.com/library.",
        ("create",),
    ),
    Rule(
        r"server gave HTTP response to HTTPS client"
        # a registry that does not speak HTTP
        r"|first record does not look like a TLS handshake",
        ServerFailed,
        "the registry speaks plain HTTP, not HTTPS",
        "If it is your own registry, turn on insecure and try again.",
        _REGISTRY,
    ),
    Rule(
        r"digest mismatch, file must be downloaded again",
        ServerFailed,
        "a layer arrived damaged",
        "The damaged file was removed from the server: pull again.",
    ),
    Rule(
        r"max retries exceeded",
        ServerFailed,
        "the upload failed too many times",
        "Push again when the connection is better; it starts over.",
        ("push",),
        transient=True,
    ),
    Rule(
        r"max retries exceeded",
        ServerFailed,
        "the download failed too many times",
        "Try again later: what was downloaded is kept.",
        transient=True,
    ),
    Rule(
        r"lookup (?P<name>(?:[\w-]+\.)*ollama\.(?:com|ai))\b",
        ServerFailed,
        "the server cannot reach the internet",
        "It cannot resolve {name}: check the server's network and DNS.",
        transient=True,
    ),
    Rule(
        r"lookup (?P<name>[\w.-]{1,60})",
        ServerFailed,
        "the server cannot resolve the host {name}",
        "Check the host in the name, and the server's DNS.",
        transient=True,
    ),
    Rule(
        r"dial tcp (?P<address>[\w.:\[\]-]{1,60}): (?:connect|connectex): .*refused",
        ServerFailed,
        "nothing answers the server at {address}",
        "Check host and port in the name, and that the registry is running.",
        _REGISTRY,
        transient=True,
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
        transient=True,
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
        "the registry is limiting requests",
        "Wait a few minutes, then try again.",
        _REGISTRY,
        transient=True,
    ),
    Rule(
        r"(?:^|manifest: |status )(?P<code>5\d\d)\b",
        ServerFailed,
        "the registry failed with status {code}",
        "The registry has a problem of its own: try again later.",
        _REGISTRY,
        transient=True,
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
    # The server reads the parts of a layer before it reports the layer: no event names the digest.
    Rule(
        r"^EOF$",
        ServerFailed,
        "a file of its unfinished download on the server is empty",
        "Remove the empty sha256-*-partial-* files in the blobs folder on the server "
        "(find . -name '*-partial-*' -empty -delete), then pull again.",
        ("pull",),
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
        "one of its layers is missing in the registry",
        "The model is damaged there: try another tag, or have it pushed again.",
        _FETCH,
    ),
    Rule(
        r"context deadline exceeded",
        ServerFailed,
        "the registry sent nothing for too long",
        "Try again later: what was downloaded is kept.",
        _FETCH,
        transient=True,
    ),
    Rule(
        r"context canceled",
        Busy,
        "an earlier transfer of it was still being stopped",
        "Try again in a moment.",
        _REGISTRY,
    ),
    Rule(
        r"digest mismatch, expected",
        InvalidRequest,
        "the bytes received are not those of its digest",
        "The file may have changed meanwhile: try again.",
        ("upload",),
    ),
)

RULES = (*_ACCOUNT, *_TRANSFERS)
