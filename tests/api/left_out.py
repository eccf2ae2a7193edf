"""Recorded exchanges that no test replays, and why."""

from __future__ import annotations

_OPENAI = "the OpenAI-compatible API, which we do not speak"
_CHAT = "generating text, which we never ask for"
_WEB = "searching the web, which we never ask for"
_BROWSER = "what browsers send and get; we send no Origin"
_PROBE = "a method or path the client never uses"
_RAW = "a request the typed client cannot send"
_DESCRIBED = "its request body is described, not recorded"

_GROUPS = {
    _OPENAI: (
        "v1-model-missing",
        "v1-model-retrieve",
        "v1-models-empty",
        "v1-models",
    ),
    _CHAT: (
        "chat-missing-model",
        "chat-stream",
        "generate-short",
        "v2-chat-list-runner-llama.cpp",
    ),
    _WEB: (
        "experimental-web-fetch",
        "experimental-web-search",
        "web-search-no-cloud",
    ),
    _BROWSER: (
        "cors-foreign-origin",
        "cors-local-origin",
        "options-cors",
    ),
    _PROBE: (
        "root-get",
        "root-head",
        "tags-head",
        "version-head",
        "blob-get-method",
    ),
    _RAW: (
        "copy-no-body",
        "copy-no-fields",
        "create-no-body",
        "create-no-fields",
        "delete-no-body",
        "delete-no-name",
        "pull-no-body",
        "pull-no-fields",
        "push-no-body",
        "push-no-fields",
        "show-no-body",
        "show-no-fields",
        "show-bad-json",
        "show-bad-json-syntax",
        "show-wrong-type",
        "show-trailing-garbage",
        "show-field-case",
        "show-missing-name-field",
        "delete-name-field",
        "invalid-utf8-body",
        "delete-invalid-utf8",
        "no-content-type",
        "create-modelfile-string",
        "show-options-overlay",
    ),
    _DESCRIBED: (
        "big-body-1mb",
        "blob-post-chunked",
    ),
}

LEFT_OUT = {name: reason for reason, names in _GROUPS.items() for name in names}
"""Name of the exchange to the reason."""

RECORDED = 316 + 152
"""Exchanges in both recordings: of 0.33 and of 0.40."""
