"""What servers since 0.34 say of manifests, runners and versions, beyond what was recorded."""

from __future__ import annotations

import pytest

from ollama_tui.api import errors, requests
from ollama_tui.api.error_rules.explain import from_line
from ollama_tui.api.requests import Call

PULL = Call(requests.PULL, "m")
CREATE = Call(requests.CREATE, "m")
SHOW = Call(requests.SHOW, "m")
COPY = Call(requests.COPY, "m")
LOAD = Call(requests.LOAD, "m")
FROM_HF = Call(requests.PULL, "hf.co/a/b-GGUF:q8_0")
FROM_OWN = Call(requests.PULL, "127.0.0.1:5000/library/m")

SENTENCES = [
    (
        PULL,
        "model requires ollama version v0.41.0 or newer (current version is v0.40.2)",
        errors.Unsupported,
        "m was not pulled: it needs Ollama 0.41.0 or newer; this server is 0.40.2.",
        "Update Ollama on the server: ollama.com/download.",
    ),
    (
        PULL,
        "model requires ollama version 0.41.0",
        errors.Unsupported,
        "m was not pulled: it needs Ollama 0.41.0 or newer.",
        "Update Ollama on the server: ollama.com/download.",
    ),
    (
        LOAD,
        "cannot convert legacy GGUF with application/vnd.ollama.image.adapter layer; "
        "re-pull a compatible model",
        errors.Unsupported,
        "m was not loaded: its weights have an old form, which Ollama does not convert beside its "
        "adapter layer.",
        "Pull a current version of the model, or run it with an older Ollama.",
    ),
    (
        FROM_HF,
        'Head "https://us.aws.cdn.hf.co/xet-bridge-us/503/lookup?Expires=1": '
        "blocked redirect to a different host",
        errors.ServerFailed,
        "hf.co/a/b-GGUF:q8_0 was not pulled: the server does not follow Hugging Face to the host "
        "of its files.",
        "Ollama 0.34.2 refuses that: update it to 0.34.3 or newer.",
    ),
    (
        FROM_OWN,
        'pull model manifest: Get "https://10.0.0.7/v2/": blocked redirect to a different host',
        errors.ServerFailed,
        "127.0.0.1:5000/library/m was not pulled: the server does not follow 127.0.0.1:5000 to "
        "another host.",
        "If it is your own registry, turn on insecure, which allows that over plain HTTP.",
    ),
    (
        FROM_OWN,
        "redirect target not allowed: 10.0.0.7 is a private address",
        errors.ServerFailed,
        "127.0.0.1:5000/library/m was not pulled: 127.0.0.1:5000 sends the server to an address "
        "that it may not use.",
        "If that is in your own network, turn on insecure, which allows it over plain HTTP.",
    ),
    (
        FROM_OWN,
        'redirect target "http://10.0.0.7/blob" is not allowed',
        errors.ServerFailed,
        "127.0.0.1:5000/library/m was not pulled: 127.0.0.1:5000 sends the server to an address "
        "that it may not use.",
        "If that is in your own network, turn on insecure, which allows it over plain HTTP.",
    ),
    (
        SHOW,
        "no compatible manifest found for runners: llamacpp, ggml, mlx",
        errors.NotFound,
        "The details of m were not read: nothing that the server could run of it is there.",
        "Pull it again: that fetches what fits the server.",
    ),
    (
        COPY,
        "no compatible manifest found: pull one of ggml, mlx before copying",
        errors.NotFound,
        "m was not copied: no manifest that it lists is on the server.",
        "Pull it first, for one of ggml, mlx.",
    ),
    (
        PULL,
        "this model requires MLX support, but the MLX runtime is not available",
        errors.Unsupported,
        "m was not pulled: it needs MLX, which this server does not have.",
        "Choose a GGUF version of the model.",
    ),
    (
        CREATE,
        "manifest list entries a:1 and a:2 resolve to the same manifest",
        errors.InvalidRequest,
        "m was not created: two of the models it lists are the same.",
        "Choose one per runner.",
    ),
    (
        CREATE,
        "manifest list entries must be local models: gpt-oss:cloud",
        errors.InvalidRequest,
        "m was not created: gpt-oss:cloud has no weights on the server.",
        "A model in the cloud cannot be listed: choose one that runs here.",
    ),
    (
        CREATE,
        "LoRA adapters are no longer supported",
        errors.Unsupported,
        "m was not created: Ollama has not supported adapters since 0.34.1.",
        "Merge the adapter into the weights, and create a model from those.",
    ),
    (
        CREATE,
        "typical_p is deprecated and cannot be set as a model parameter; "
        "pass it as a request option instead",
        errors.InvalidRequest,
        "m was not created: this Ollama does not accept typical_p in a model.",
        "Remove the parameter: requests may still give it.",
    ),
    (
        CREATE,
        'unknown capability: "system-one"',
        errors.InvalidRequest,
        "m was not created: the server knows no capability “system-one”.",
        "Check its spelling, or update Ollama on the server: ollama.com/download.",
    ),
    (
        CREATE,
        "mixed model file types: found both gguf and safetensors inputs",
        errors.InvalidRequest,
        "m was not created: its files are of different kinds.",
        "Give GGUF files or safetensors files, not both.",
    ),
    (
        CREATE,
        "safetensors imports do not support adapters",
        errors.InvalidRequest,
        "m was not created: a model is made of safetensors files without a base and adapters.",
        "Give the files alone; build on the model when it is made.",
    ),
    (
        CREATE,
        'unsupported quantize type "q4_0": supported types are int4, int8, nvfp4, mxfp4, mxfp8',
        errors.InvalidRequest,
        "m was not created: this server does not quantize to q4_0.",
        "It supports int4, int8, nvfp4, mxfp4, mxfp8.",
    ),
    (
        PULL,
        "nested manifest lists are not supported",
        errors.ServerFailed,
        "m was not pulled: it lists a list of models.",
        "Ollama reads no lists in lists: it must be made again where it comes from.",
    ),
    (
        PULL,
        "manifest list child is missing digest",
        errors.ServerFailed,
        "m was not pulled: its list of manifests is not complete.",
        "It must be made again where it comes from.",
    ),
    (
        LOAD,
        "digest mismatch",
        errors.ServerFailed,
        "m was not loaded: its manifest on the server is damaged.",
        "Pull or create it again: that replaces the manifest.",
    ),
    (
        COPY,
        'manifest path "/srv/models/manifests-v2/x" resolves outside manifest directory',
        errors.ServerFailed,
        "m was not copied: its entry on the server is a link to something else.",
        "Pull or create it again, which replaces the link, or remove it from manifests-v2 there.",
    ),
    (
        CREATE,
        "draft quantization during create is only supported for safetensors imports; "
        "quantize GGUF draft models with llama.cpp tools before importing",
        errors.Unsupported,
        "m was not created: this Ollama quantizes only safetensors files, while it imports them.",
        "Import those, or a GGUF file that llama-quantize of llama.cpp has made smaller.",
    ),
]


@pytest.mark.parametrize(("call", "words", "kind", "title", "hint"), SENTENCES)
def test_each_becomes_a_sentence_with_what_to_do(
    call: Call, words: str, kind: type[errors.Refused], title: str, hint: str
) -> None:
    error = from_line(words, call)
    assert (type(error), error.title, error.hint) == (kind, title, hint)
    assert error.server_text == words


def test_a_damaged_download_is_not_a_damaged_manifest() -> None:
    error = from_line("digest mismatch, file must be downloaded again: want a, got b", PULL)
    assert error.title == "m was not pulled: a layer arrived damaged."


def test_a_base_that_is_quantized_already_is_still_told_apart() -> None:
    words = "quantization is only supported for F16 and F32 models"
    assert "its base is quantized already" in from_line(words, CREATE).title
