"""Rules for creating models: files, templates, quantization."""

from __future__ import annotations

from ollama_tui.api.errors import InvalidRequest, NotFound, Unsupported
from ollama_tui.api.messages.rule import Rule, on

_CREATE = on("create")

SOURCES = (
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
        "Give all parts under their names, like model-00001-of-00003.gguf.",
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
        "a remote model takes no draft model",
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

BUILDING = (
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
        "It can do {types}.",
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

RULES = (*SOURCES, *BUILDING)
