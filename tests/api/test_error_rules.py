"""Whatever a server says becomes a short, safe sentence of the right class."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api import errors, requests
from ollama_tui.api.error_rules.explain import (
    from_line,
    from_response,
    redirected,
    tidy,
    without_paths,
)
from ollama_tui.api.requests import Call, Endpoint
from tests.recordings import recorded

PUSH = Call(requests.PUSH, "alice/m")
LOAD = Call(requests.LOAD, "m")
SHOW = Call(requests.SHOW, "m")
ENDPOINTS = [value for value in vars(requests).values() if isinstance(value, Endpoint)]

WORDS = [
    (
        requests.LOAD,
        500,
        "model requires more system memory (9.1 GiB) than is available (3.2 GiB)",
        errors.ServerFailed,
        "m was not loaded: it needs 9.1 GiB of memory, and 3.2 GiB is free.",
    ),
    (
        requests.LOAD,
        500,
        "llama runner process has terminated: cudaMalloc failed: out of memory",
        errors.ServerFailed,
        "m was not loaded: the server has too little memory for it.",
    ),
    (
        requests.LOAD,
        500,
        "llama runner process has terminated: exit status 2",
        errors.ServerFailed,
        "m was not loaded: its runner stopped while loading.",
    ),
    (
        requests.LOAD,
        500,
        "unable to load model: /root/.ollama/models/blobs/sha256-1",
        errors.ServerFailed,
        "m was not loaded: the server cannot load its weights.",
    ),
    (
        requests.LOAD,
        500,
        "model failed to load, this may be due to resource limitations or an internal error",
        errors.ServerFailed,
        "m was not loaded: the server could not load it.",
    ),
    (
        requests.LOAD,
        403,
        "this model requires a subscription, upgrade for access: https://ollama.com/upgrade",
        errors.Forbidden,
        "m was not loaded: the account's plan does not include it.",
    ),
    (
        requests.PUSH,
        200,
        "http status 403 Forbidden: denied",
        errors.Forbidden,
        "m was not pushed: the registry does not allow it.",
    ),
    (
        requests.LOAD,
        503,
        "server busy, please try again.  maximum pending requests exceeded",
        errors.Busy,
        "m was not loaded: the server has too many requests waiting.",
    ),
    (
        requests.LOAD,
        499,
        "request canceled",
        errors.Busy,
        "m was not loaded: the request was cancelled on the way.",
    ),
    (
        requests.LOAD,
        400,
        "this server cannot run this remote model",
        errors.Forbidden,
        "m was not loaded: the server is not allowed to use the host of this remote model.",
    ),
    (
        requests.CREATE,
        400,
        "template error: template: :7: unexpected EOF",
        errors.InvalidRequest,
        "m was not created: its template ends inside a block.",
    ),
    (
        requests.CREATE,
        400,
        'template error: template: :1: function "foo" not defined',
        errors.InvalidRequest,
        'm was not created: its template is wrong: function "foo" not defined.',
    ),
    (
        requests.CREATE,
        500,
        'split GGUF "x-00001-of-00003.gguf" has 1 shards, expected 3',
        errors.InvalidRequest,
        "m was not created: parts of a split GGUF are missing or misnamed.",
    ),
    (
        requests.CREATE,
        400,
        "DRAFT cannot be used with remote models",
        errors.InvalidRequest,
        "m was not created: a remote model cannot have a draft model.",
    ),
    (
        requests.CREATE,
        500,
        'unsupported architecture "FooForCausalLM"',
        errors.InvalidRequest,
        "m was not created: this server does not know its architecture.",
    ),
    (
        requests.PULL,
        200,
        "context canceled",
        errors.Busy,
        "m was not pulled: an earlier transfer of it was still being stopped.",
    ),
    (
        requests.PULL,
        200,
        'pull model manifest: Get "https://h/v2/": tls: bad certificate: x509: unknown',
        errors.ServerFailed,
        "m was not pulled: the server does not trust the registry's certificate.",
    ),
    (
        requests.PULL,
        200,
        'pull model manifest: Get "https://h/": dial tcp 10.0.0.1:443: i/o timeout',
        errors.ServerFailed,
        "m was not pulled: the server's connection to the other host failed.",
    ),
    (
        requests.PULL,
        200,
        'pull model manifest: Get "https://h/": dial tcp: lookup reg.example on 1.1.1.1:53: no',
        errors.ServerFailed,
        "m was not pulled: the server cannot resolve the host reg.example.",
    ),
    (
        requests.PULL,
        200,
        "this model requires MLX support, but the MLX runtime is not available",
        errors.Unsupported,
        "m was not pulled: it needs MLX, which this server does not have.",
    ),
    (
        requests.PULL,
        200,
        'pull model manifest: Get "https://127.0.0.1:5001/v2/library/a-model-with-a-long-name/'
        'manifests/latest": tls: first record does not look like a TLS handshake',
        errors.ServerFailed,
        "m was not pulled: the registry speaks plain HTTP, not HTTPS.",
    ),
    (
        requests.PUSH,
        200,
        'Head "https://registry.example:5001/v2/library/a-model-with-a-long-name/blobs/sha256:'
        + "a" * 64
        + '": net/http: the reason of a later Ollama',
        errors.ServerFailed,
        "m was not pushed: net/http: the reason of a later Ollama.",
    ),
    (
        requests.PULL,
        200,
        "EOF",
        errors.ServerFailed,
        "m was not pulled: a file of its unfinished download on the server is empty.",
    ),
    (
        requests.PUSH,
        200,
        "max retries exceeded: EOF",
        errors.ServerFailed,
        "m was not pushed: the upload failed too many times.",
    ),
    (
        requests.DELETE,
        400,
        'use either :local or :cloud, not both: "m"',
        errors.InvalidRequest,
        "m was not deleted: a name cannot end in both :local and :cloud.",
    ),
    (
        requests.DELETE,
        500,
        "remove /srv/models/manifests/x: permission denied",
        errors.ServerFailed,
        "m was not deleted: the server is not allowed to write to its models folder.",
    ),
    (
        requests.SHOW,
        500,
        "open /srv/models/blobs/sha256-12: no such file or directory",
        errors.ServerFailed,
        "The details of m were not read: one of its files is missing on the server.",
    ),
    (
        requests.ME,
        500,
        "error getting authorization details",
        errors.ServerFailed,
        "The account was not read: the server cannot read its own key.",
    ),
    (
        requests.DELETE,
        500,
        "weird failure at C:\\Users\\a b\\.ollama\\models\\x.bin in /srv/o/x",
        errors.ServerFailed,
        "m was not deleted: weird failure at … in ….",
    ),
    (requests.DELETE, 418, "teapot.", errors.InvalidRequest, "m was not deleted: teapot."),
]


@pytest.mark.parametrize(("endpoint", "status", "words", "kind", "title"), WORDS)
def test_known_words_become_a_sentence(
    endpoint: Endpoint, status: int, words: str, kind: type[errors.Refused], title: str
) -> None:
    body = json.dumps({"error": words}).encode()
    error = from_response(status, body, Call(endpoint, "m"))
    assert (type(error), error.title) == (kind, title)
    assert error.hint


def test_a_pull_that_an_empty_partial_file_stops_names_the_files_to_remove() -> None:
    hint = from_line("EOF", Call(requests.PULL, "qwen3:8b")).hint
    assert "sha256-*-partial-*" in hint
    assert "-name '*-partial-*' -empty -delete" in hint
    assert "on the server" in hint
    assert hint.endswith("then pull again.")


RAW = [
    ("create-no-body", requests.CREATE, "m was not created: the request arrived without its body."),
    ("create-no-fields", requests.CREATE, "m was not created: its name or the name of its base"),
    ("create-modelfile-string", requests.CREATE, "m was not created: it has no base and no files."),
    ("push-no-body", requests.PUSH, "m was not pushed: the request arrived without its body."),
    ("push-no-fields", requests.PUSH, "m was not pushed: the name is empty."),
    ("pull-no-body", requests.PULL, "m was not pulled: the request arrived without its body."),
    ("copy-no-fields", requests.COPY, "m was not copied: the name is empty."),
    ("delete-no-name", requests.DELETE, "m was not deleted: the name is empty."),
    ("blob-get-method", requests.UPLOAD, "This server is too old for uploading files."),
]
"""What a server says to requests that the typed client cannot send, but something between may."""


@pytest.mark.parametrize(("name", "endpoint", "title"), RAW, ids=[row[0] for row in RAW])
def test_answers_to_mangled_requests_are_sentences_too(
    name: str, endpoint: Endpoint, title: str
) -> None:
    response = recorded(name).response
    error = from_response(response["status"], response["body"].encode(), Call(endpoint, "m"))
    assert error.title.startswith(title)
    assert error.hint


@pytest.mark.parametrize(
    ("status", "kind", "title"),
    [
        (401, errors.Unauthorized, "m was not loaded: sign-in is needed."),
        (402, errors.Forbidden, "m was not loaded: the usage limit is reached."),
        (404, errors.NotFound, "m was not loaded: the server does not have it."),
        (405, errors.Unsupported, "This server is too old for loading models."),
        (418, errors.InvalidRequest, "m was not loaded: the server answered 418."),
        (429, errors.Busy, "m was not loaded: the server is limiting requests."),
        (499, errors.Busy, "m was not loaded: the request was cancelled."),
        (500, errors.ServerFailed, "m was not loaded: the server answered 500."),
        (501, errors.Unsupported, "This server is too old for loading models."),
        (503, errors.Busy, "m was not loaded: the server is busy."),
    ],
)
def test_a_wordless_answer_is_judged_by_its_status(
    status: int, kind: type[errors.Refused], title: str
) -> None:
    error = from_response(status, b"", LOAD)
    assert (type(error), error.title) == (kind, title)


def test_a_wordless_403_explains_the_host_name() -> None:
    error = from_response(403, b"", SHOW, host="gpu-box:11434")
    assert isinstance(error, errors.Forbidden)
    assert error.title.endswith("does not accept the host name gpu-box:11434.")
    assert "OLLAMA_HOST" in error.hint


def test_html_comes_from_a_proxy() -> None:
    page = b"<html><head><title>502 Bad Gateway</title></head>nginx</html>"
    error = from_response(502, page, LOAD)
    assert isinstance(error, errors.NotOllama)
    assert "502 Bad Gateway" in error.title
    too_large = from_response(413, page, Call(requests.UPLOAD, "sha256:1"))
    assert isinstance(too_large, errors.InvalidRequest)


def test_json_without_an_error_is_another_program() -> None:
    assert isinstance(from_response(404, b'{"detail":"Not Found"}', SHOW), errors.NotOllama)


@pytest.mark.parametrize(
    "body",
    [
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
    ],
)
def test_plain_http_to_a_tls_port_asks_for_https(body: bytes) -> None:
    error = from_response(400, body, SHOW)
    assert isinstance(error, errors.NotOllama)
    assert "https://" in error.hint


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://ollama.com/connect?name=a&key=b", True),
        ("http://ollama.com/connect", False),
        ("javascript:alert(1)", False),
        ("https://x/\x1b[31m", False),
        ("https://x/ y", False),
        ("https://x/\u202egnp", False),
        ("https://x/" + "y" * 3000, False),
        (5, False),
        (None, False),
    ],
)
def test_only_a_harmless_https_link_is_kept(url: object, kept: bool) -> None:
    body = json.dumps({"error": "unauthorized", "signin_url": url}).encode()
    error = from_response(401, body, Call(requests.ME))
    assert isinstance(error, errors.Unauthorized)
    assert error.signin_url == (url if kept else None)


def test_a_redirect_says_where_it_points_without_secrets() -> None:
    error = redirected("https://user:pw@other.example/api/tags?token=abc#x", SHOW)
    assert error.title.endswith("the server redirects to other.example/api/tags.")
    assert "OLLAMA_HOST" in error.hint


def test_words_are_one_inert_line_of_bounded_length() -> None:
    assert tidy("a\x1b[31m\r\n\tb\u202e[/red]") == "a\ufffd[31m b\ufffd[/red]"
    assert tidy("<html>\n<b>No</b> &amp;\nmore</html>") == "No & more"
    assert len(tidy("x" * 10**6)) == 600


def test_paths_of_the_server_are_left_out_and_urls_stay() -> None:
    words = "open /var/lib/o/x: Get https://h/v2/y and a/b"
    assert without_paths(words) == "open …: Get https://h/v2/y and a/b"


hostile = st.text(st.characters(), max_size=300) | st.sampled_from(
    [
        "\x1b[2J{model}",
        "{0}",
        "%s",
        "[/red]",
        "\x9b31m",
        "pull model manifest: 500: {}",
        "a" * 10**5,
    ]
)


@given(st.sampled_from(ENDPOINTS), hostile, hostile, st.integers(200, 599))
def test_no_text_of_a_server_or_user_can_act_on_the_terminal(
    endpoint: Endpoint, name: str, words: str, status: int
) -> None:
    call = Call(endpoint, name)
    body = json.dumps({"error": words or "x"}).encode()
    for error in (from_line(words, call), from_response(status, body, call, host=name)):
        assert len(error.title) <= 120
        for text in (error.title, error.hint, getattr(error, "words", "")):
            assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", text)
            assert len(text) <= 600
