"""Rules for manifests: lists of them, the runners they are for, versions, where blobs are from."""

from __future__ import annotations

from ollama_tui.api.error_rules import Rule
from ollama_tui.api.errors import InvalidRequest, NotFound, ServerFailed, Unsupported
from ollama_tui.api.requests import Call

_UPDATE = "Update Ollama on the server: ollama.com/download."
_PULLING = ("pull", "create")
_USING = ("show", "copy", "push", "load", "unload")


def _is_of_hugging_face(call: Call) -> bool:
    return call.registry.lower() in ("hf.co", "huggingface.co")


_VERSIONS = (
    Rule(
        r"requires ollama version v?(?P<need>[\w.+-]{1,20}) or newer"
        r" \(current version is v?(?P<has>[\w.+-]{1,30})\)",
        Unsupported,
        "it needs Ollama {need} or newer; this server is {has}",
        _UPDATE,
    ),
    Rule(
        r"requires ollama version v?(?P<need>[\w.+-]{1,20})",
        Unsupported,
        "it needs Ollama {need} or newer",
        _UPDATE,
    ),
    Rule(
        r"cannot convert legacy GGUF with (?:\S*[./])?(?P<layer>[\w-]{1,30}) layer",
        Unsupported,
        "its weights have an old form, which Ollama does not convert beside its {layer} layer",
        "Pull a current version of the model, or run it with an older Ollama.",
    ),
)

_REDIRECTS = (
    Rule(
        r"blocked redirect to a different host",
        ServerFailed,
        "the server does not follow Hugging Face to the host of its files",
        "Ollama 0.34.2 refuses that: update it to 0.34.3 or newer.",
        when=_is_of_hugging_face,
    ),
    Rule(
        r"blocked redirect to a different host",
        ServerFailed,
        "the server does not follow {host} to another host",
        "If it is your own registry, turn on insecure, which allows that over plain HTTP.",
    ),
    Rule(
        r"redirect target\b.{0,200}\bnot allowed",
        ServerFailed,
        "{host} sends the server to an address that it may not use",
        "If that is in your own network, turn on insecure, which allows it over plain HTTP.",
    ),
)

_RUNNERS = (
    Rule(
        r"no compatible manifest found for runners: (?P<runners>[\w., -]{1,60})",
        NotFound,
        "the registry does not offer it for {runners}",
        "Leave the runner out to get what fits the server, or choose another tag.",
        _PULLING,
    ),
    Rule(
        r"no compatible manifest found for runners: [\w.-]{1,30},",
        NotFound,
        "nothing that the server could run of it is there",
        "Pull it again: that fetches what fits the server.",
    ),
    Rule(
        r"no compatible manifest found for runners: (?P<runner>[\w.-]{1,30})",
        NotFound,
        "the server has it, but not for {runner}",
        "Pull it for {runner}, or leave the runner out.",
    ),
    Rule(
        r"no compatible manifest found: pull one of (?P<runners>[\w., -]{1,60}) before copying",
        NotFound,
        "no manifest that it lists is on the server",
        "Pull it first, for one of {runners}.",
    ),
    Rule(
        r"unknown runner \"(?P<runner>[^\"]{0,30})",
        InvalidRequest,
        "there is no runner “{runner}”",
        "Runners are llamacpp, ggml and mlx.",
    ),
    Rule(
        r"runner cannot be used with all_manifests",
        InvalidRequest,
        "all of its manifests were asked for, and one runner",
        "Ask for one or the other.",
    ),
    Rule(
        r"manifest child for runner \"(?P<runner>[^\"]{0,30})\" is not local",
        NotFound,
        "its manifest for {runner} is not on the server",
        "Pull it for {runner} first, or push a copy: that lists only what is here.",
        ("push",),
    ),
)

_LISTS = (
    Rule(
        r"^stat \S{0,300}\bblobs\b.{0,200}no such file",
        NotFound,
        "a file that it lists is not on the server",
        "Pull it again, for each runner it lists.",
        ("push",),
    ),
    Rule(
        r"^400:.{0,200}MANIFEST_INVALID",
        ServerFailed,
        "{host} does not take manifests of its kind",
        "If it lists one per runner, push the models that it lists instead.",
        ("push",),
    ),
    Rule(
        r"^read manifest (?P<name>[^\s:][^\s]{0,80}): file does not exist",
        NotFound,
        "the server does not have {name}, which it lists",
        "Pull or create that first.",
        ("create",),
    ),
    Rule(
        r"^manifest list entry (?P<name>\S{1,80}) is already a manifest list",
        InvalidRequest,
        "{name} is a list itself",
        "List the models that it lists.",
        ("create",),
    ),
    Rule(
        r"^manifest list entry (?P<name>\S{1,80}): manifest is missing runner or format",
        InvalidRequest,
        "{name} has no weights on the server",
        "A model in the cloud cannot be listed: choose one that runs here.",
        ("create",),
    ),
    Rule(
        r"^manifest list entries .{1,300} use the same runner \"(?P<runner>[^\"]{1,30})",
        InvalidRequest,
        "two of the models it lists are for {runner}",
        "Choose one per runner.",
        ("create",),
    ),
    Rule(
        r"^manifest list entries \S.{0,300} resolve to the same manifest",
        InvalidRequest,
        "two of the models it lists are the same",
        "Choose one per runner.",
        ("create",),
    ),
    Rule(
        r"^manifest list entries must be local models: (?P<name>\S{1,80})",
        InvalidRequest,
        "{name} has no weights on the server",
        "A model in the cloud cannot be listed: choose one that runs here.",
        ("create",),
    ),
    Rule(
        r"manifest list creation cannot be combined",
        InvalidRequest,
        "a list of models cannot be combined with other changes",
        "Create only the list; change the models themselves first.",
        ("create",),
    ),
    Rule(
        r"nested manifest lists are not supported",
        ServerFailed,
        "it lists a list of models",
        "Ollama reads no lists in lists: it must be made again where it comes from.",
    ),
    Rule(
        r"manifest list child .{0,100}is missing",
        ServerFailed,
        "its list of manifests is not complete",
        "It must be made again where it comes from.",
    ),
)

_STORED = (
    Rule(
        r"^digest mismatch$",
        ServerFailed,
        "its manifest on the server is damaged",
        "Pull or create it again: that replaces the manifest; then it can be deleted.",
        ("delete",),
    ),
    Rule(
        r"^digest mismatch$",
        ServerFailed,
        "its manifest on the server is damaged",
        "Pull or create it again: that replaces the manifest.",
        _USING,
    ),
    Rule(
        r"^manifest (?:symlink target|path) .* (?:is not a sha256 blob|does not match blob|"
        r"resolves outside)",
        ServerFailed,
        "its entry on the server is a link to something else",
        "Pull or create it again, which replaces the link, or remove it from manifests-v2 there.",
    ),
)

_CREATING = (
    Rule(
        r"LoRA adapters are no longer supported",
        Unsupported,
        "Ollama has not supported adapters since 0.34.1",
        "Merge the adapter into the weights, and create a model from those.",
        ("create",),
    ),
    Rule(
        r"(?P<name>\w{1,40}) is deprecated and cannot be set as a model parameter",
        InvalidRequest,
        "this Ollama does not accept {name} in a model",
        "Remove the parameter: requests may still give it.",
        ("create",),
    ),
    Rule(
        r"unknown capability: \"(?P<name>[^\"]{0,40})",
        InvalidRequest,
        "the server knows no capability “{name}”",
        "Check its spelling, or update Ollama on the server: ollama.com/download.",
        ("create",),
    ),
    Rule(
        r"mixed model file types",
        InvalidRequest,
        "its files are of different kinds",
        "Give GGUF files or safetensors files, not both.",
        ("create",),
    ),
    Rule(
        r"safetensors imports do not support",
        InvalidRequest,
        "a model is made of safetensors files without a base and adapters",
        "Give the files alone; build on the model when it is made.",
        ("create",),
    ),
    Rule(
        r"unsupported (?:draft )?quantize type \"(?P<type>[^\"]{0,20})\": "
        r"supported types are (?P<types>.+)",
        InvalidRequest,
        "this server does not quantize to {type}",
        "It supports {types}.",
        ("create",),
    ),
    Rule(
        r"quantization (?:during create )?is only supported for safetensors",
        Unsupported,
        "this Ollama quantizes only safetensors files, while it imports them",
        "Import those, or a GGUF file that llama-quantize of llama.cpp has made smaller.",
        ("create",),
    ),
)

RULES = (*_VERSIONS, *_REDIRECTS, *_RUNNERS, *_LISTS, *_STORED, *_CREATING)
