"""Rules for creating, naming and loading models, and for the store they are in."""

from __future__ import annotations

from ollama_tui.api.error_rules import Rule
from ollama_tui.api.errors import Busy, InvalidRequest, NotFound, ServerFailed, Unsupported

_CREATE = ("create",)

_SOURCES = (
    Rule(
        r"blobs\b.*no such file",
        NotFound,
        "a file it needs is not on the server",
        "Upload it again: the server removes unused uploads when it restarts.",
        _CREATE,
    ),
    Rule(
        r"open (?P<file>[\w.-]{1,40}): no such file",
        InvalidRequest,
        "{file} is missing among its files",
        "A safetensors model needs its config, its tokenizer and all weights.",
        _CREATE,
    ),
    Rule(
        r"neither 'from' or 'files'",
        InvalidRequest,
        "it has no base and no files",
        "Choose a model to build on, or files to build from.",
    ),
    Rule(
        r"^(?:unknown type|no files provided to convert)$",
        InvalidRequest,
        "none of its files is a model",
        "Give a GGUF file, or a safetensors model with its config.json.",
    ),
    Rule(
        r"not in GGUF format",
        InvalidRequest,
        "the file is not a GGUF model",
        "Check that it was downloaded whole, and is not a web page or a pointer file.",
    ),
    Rule(
        r"exceeds file size|^(?:unexpected )?EOF$",
        InvalidRequest,
        "the file ends too early",
        "Download or copy it again, then create the model from the whole file.",
        _CREATE,
    ),
    Rule(
        r"split GGUF",
        InvalidRequest,
        "parts of a split GGUF are missing or misnamed",
        "Provide all parts with their original names, like model-00001-of-00003.gguf.",
    ),
    Rule(
        r"file path must be relative",
        InvalidRequest,
        "a file has an absolute name",
        "Give file names without a leading slash.",
    ),
    Rule(
        r"invalid digest format",
        InvalidRequest,
        "the digest is not valid",
        "A digest is sha256: and 64 hexadecimal digits in lower case.",
    ),
    Rule(
        r"only one adapter",
        InvalidRequest,
        "it has more than one adapter",
        "Keep one adapter and remove the others.",
    ),
    Rule(
        r"^DRAFT cannot be used",
        InvalidRequest,
        "a remote model cannot have a draft model",
        "Leave the draft out, or start from a model whose weights are here.",
    ),
    Rule(
        r"^bad remote$",
        InvalidRequest,
        "the remote host is not valid",
        "Give a host name or an http:// address.",
    ),
    Rule(
        r"(?:unsupported|unknown) architecture",
        InvalidRequest,
        "this server does not know its architecture",
        "A newer Ollama may; otherwise the model cannot be imported.",
        _CREATE,
    ),
    Rule(
        r"unknown tokenizer",
        InvalidRequest,
        "this server does not know its tokenizer",
        "A newer Ollama may; otherwise the model cannot be imported.",
        _CREATE,
    ),
)

_BUILDING = (
    Rule(
        r"template error: template: :(?P<line>\d{1,6}):(?:\d+:)? unclosed action",
        InvalidRequest,
        "line {line} of its template has an unclosed action",
        "Close every {{{{ with }}}}.",
    ),
    Rule(
        r"template error: template: :(?P<line>\d{1,6}):(?:\d+:)? unexpected EOF",
        InvalidRequest,
        "its template ends inside a block",
        "Every {{{{ if }}}}, {{{{ range }}}} and {{{{ with }}}} needs an {{{{ end }}}}.",
    ),
    Rule(
        r"template error: (?:template: :(?P<line>\d{1,6}):(?:\d+:)? )?(?P<what>.{1,60})",
        InvalidRequest,
        "its template is wrong: {what}",
        "Templates are Go text templates with .System, .Prompt and .Messages.",
    ),
    Rule(
        r"unsupported quantization type (?P<type>\S{1,20}) - supported types are (?P<types>.+)",
        InvalidRequest,
        "this server does not quantize to {type}",
        "It supports {types}.",
    ),
    Rule(
        r"quantization is only supported for|requires an unquantized",
        InvalidRequest,
        "its base is quantized already",
        "Choose a base in F16, BF16 or F32, or leave the quantization out.",
    ),
    Rule(
        r"llama-quantize(?: binary)? (?:unavailable|not found)",
        Unsupported,
        "the server lacks its llama-quantize program",
        "Reinstall Ollama on the server; models built on other models can be created without it.",
    ),
    Rule(
        r"failed to validate GGUF",
        InvalidRequest,
        "the server cannot use this GGUF file",
        "It may be damaged, or of an architecture this Ollama does not know.",
    ),
    Rule(
        r"cannot unmarshal \S+ into Go struct field \w+\.(?P<field>[\w.]{1,40})",
        InvalidRequest,
        "the field {field} has the wrong type",
        "Change {field} and try again.",
    ),
    Rule(
        r"cannot unmarshal \S+ into Go value of type \[\]string",
        InvalidRequest,
        "its license has the wrong type",
        "A license is a text or a list of texts.",
        _CREATE,
    ),
    Rule(
        r"this model requires MLX",
        Unsupported,
        "it needs MLX, which this server does not have",
        "Choose a GGUF version of the model.",
    ),
)

_NAME_HINT = (
    "Write user/model:tag with letters, digits, dots, dashes and underscores: at most 80 a part."
)
_LOAD = ("load", "unload")

_NAMES = (
    Rule(
        r"model ['\"].*['\"] not found",
        NotFound,
        "this server has no model of that name",
        "Refresh the list; if it stays there, a layer is missing: pull or create it again.",
        ("show",),
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
        ("push",),
    ),
    Rule(
        r"^invalid model name$",
        InvalidRequest,
        "its name or the name of its base is not valid",
        _NAME_HINT,
        ("create",),
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
        "A proxy may have dropped it: connect to the server without one.",
    ),
    Rule(
        r"use either :local or :cloud",
        InvalidRequest,
        "a name cannot end in both :local and :cloud",
        "Leave one of them out.",
    ),
)

_RUNNING = (
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

_STORE = (
    Rule(
        r"^(?:unexpected )?EOF$",
        ServerFailed,
        "its manifest on the server is damaged",
        "Pull or create it again: that replaces the manifest; then it can be deleted.",
        ("delete",),
    ),
    Rule(
        r"^(?:unexpected )?EOF$",
        ServerFailed,
        "its manifest on the server is damaged",
        "Pull or create it again: that replaces the manifest.",
        ("show", "copy", "push", "load"),
    ),
    Rule(
        r"no such file or directory|cannot find the (?:file|path)",
        ServerFailed,
        "one of its files is missing on the server",
        "Pull or create it again.",
        ("show", "copy", "push", "load", "delete"),
    ),
    Rule(
        r"permission denied|access is denied|read-only file system",
        ServerFailed,
        "the server is not allowed to write to its models folder",
        "Check who owns OLLAMA_MODELS on the server.",
    ),
)

RULES = (*_SOURCES, *_BUILDING, *_NAMES, *_RUNNING, *_STORE)
