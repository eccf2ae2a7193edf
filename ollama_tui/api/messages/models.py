"""Rules for names, loading and the store."""

from __future__ import annotations

from ollama_tui.api.errors import Busy, InvalidRequest, NotFound, ServerFailed, Unsupported
from ollama_tui.api.messages.rule import Rule, on

_NAME_HINT = (
    "Write user/model:tag with letters, digits, dots, dashes and underscores: at most 80 a part."
)
_LOAD = on("load", "unload")

NAMES = (
    Rule(
        r"model ['\"].*['\"] not found",
        NotFound,
        "this server has no model of that name",
        "Refresh the list; if it stays there, a layer is missing: pull or create it again.",
        on("show"),
    ),
    Rule(
        r"model ['\"].*['\"] not found",
        NotFound,
        "this server has no model of that name",
        "Refresh the list: it may have been deleted or renamed.",
    ),
    Rule(
        r"manifests\b.*no such file",
        NotFound,
        "this server has no model of that name",
        "Copy the model to the name to push, then push that.",
        on("push"),
    ),
    Rule(
        r"^invalid model name$",
        InvalidRequest,
        "its name or the name of its base is not valid",
        _NAME_HINT,
        on("create"),
    ),
    Rule(
        r"^destination \".*\" is invalid$",
        InvalidRequest,
        "the new name is not valid",
        _NAME_HINT,
    ),
    Rule(
        r"model is required|^(?:source|name) \"\" is invalid$",
        InvalidRequest,
        "the name is empty",
        "Give the name of a model.",
    ),
    Rule(
        r"^invalid model name$|^(?:source|name) \".*\" is invalid$|^unqualified name",
        InvalidRequest,
        "the name is not valid",
        _NAME_HINT,
    ),
    Rule(
        r"^missing request body$",
        InvalidRequest,
        "the request arrived without its body",
        "A proxy between may drop it: reach the server without it.",
    ),
    Rule(
        r"use either :local or :cloud",
        InvalidRequest,
        "a name cannot end in both :local and :cloud",
        "Leave one of them out.",
    ),
)

RUNNING = (
    Rule(
        r"option \"(?P<option>\w{1,40})\" must be (?:of type |of )(?P<type>[\w ]{1,40})",
        InvalidRequest,
        "its parameter {option} has the wrong type",
        "Edit the model: {option} must be of type {type}.",
    ),
    Rule(
        r"does not support generate",
        InvalidRequest,
        "it is an embedding model",
        "It is loaded by embedding, not by generating.",
    ),
    Rule(
        r"does not support embeddings",
        Unsupported,
        "it is not an embedding model",
        "It is loaded by generating, not by embedding.",
    ),
    Rule(
        r"invalid duration \"(?P<text>[^\"]{0,20})",
        InvalidRequest,
        "“{text}” is not a duration",
        "Write it like 5m, 1h30m or 90s; -1m keeps it loaded.",
    ),
    Rule(
        r"more system memory \((?P<need>[^)]{1,20})\) than is available \((?P<has>[^)]{1,20})",
        ServerFailed,
        "it needs {need} of memory, and {has} is free",
        "Unload other models, or choose a smaller one.",
    ),
    Rule(
        r"out of memory|requires more (?:system )?memory|cannot allocate memory",
        ServerFailed,
        "the server has too little memory for it",
        "Unload other models, choose a smaller one, or lower num_ctx.",
        _LOAD,
    ),
    Rule(
        r"llama runner process (?:has terminated|no longer running)",
        ServerFailed,
        "its runner stopped while loading",
        "A newer Ollama may be able to run it; the server's log says more.",
    ),
    Rule(
        r"^unable to load model",
        ServerFailed,
        "the server cannot load its weights",
        "They may be damaged or too new for this Ollama: update it, or pull the model again.",
        _LOAD,
    ),
    Rule(
        r"^model failed to load",
        ServerFailed,
        "the server could not load it",
        "It may lack memory for it: unload other models, or lower num_ctx; its log says more.",
        _LOAD,
    ),
    Rule(
        r"timed out waiting for llama runner",
        ServerFailed,
        "loading took longer than the server allows",
        "Try again, or raise OLLAMA_LOAD_TIMEOUT on the server.",
    ),
    Rule(
        r"image generation models are not",
        Unsupported,
        "this server does not run image models",
        "Remove it, or keep it for another server.",
    ),
    Rule(
        r"server busy|maximum pending requests",
        Busy,
        "the server has too many requests waiting",
        "Wait a moment, then try again.",
    ),
    Rule(
        r"request canceled",
        Busy,
        "the request was cancelled on the way",
        "Try again.",
    ),
)

STORE = (
    Rule(
        r"^(?:unexpected )?EOF$",
        ServerFailed,
        "its manifest on the server is damaged",
        "Pull or create it again: that replaces the manifest; then it can be deleted.",
        on("delete"),
    ),
    Rule(
        r"^(?:unexpected )?EOF$",
        ServerFailed,
        "its manifest on the server is damaged",
        "Pull or create it again: that replaces the manifest.",
        on("show", "copy", "push", "load"),
    ),
    Rule(
        r"no such file or directory|cannot find the (?:file|path)",
        ServerFailed,
        "a file of it is gone from the server's disk",
        "Pull or create it again.",
        on("show", "copy", "push", "load", "delete"),
    ),
    Rule(
        r"permission denied|access is denied|read-only file system",
        ServerFailed,
        "the server may not write to its models folder",
        "Check who owns OLLAMA_MODELS on the server.",
    ),
)

RULES = (*NAMES, *RUNNING, *STORE)
