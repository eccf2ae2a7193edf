"""The client of the Hugging Face Hub: what it asks, reads, refuses to read, and says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ollama_tui.api.errors import (
    Busy,
    Forbidden,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    ServerFailed,
    Unauthorized,
    Unreachable,
)
from ollama_tui.api.huggingface import (
    MAX_BYTES,
    PAGE,
    RepositoryOrder,
)
from tests.api.hub_answers import (
    CODER,
    HUB,
    LISTED,
    SHA,
    TOKEN,
    a_hub,
    failure_of,
    info,
    lfs,
    listed,
    refused,
)

# ---- searching


async def test_a_search_asks_for_gguf_repositories_with_what_is_shown_of_them() -> None:
    hub, transport = a_hub([LISTED])
    page = await hub.search("  qwen   coder ", RepositoryOrder.DOWNLOADS)
    (sent,) = transport.sent
    assert (sent.origin, sent.path) == (f"https://{HUB}", "/api/models")
    asked = {key: sent.params.get_list(key) for key in sent.params}
    assert asked.pop("expand") == [
        "downloads", "likes", "lastModified", "gated", "private", "disabled", "pipeline_tag",
        "gguf",
    ]  # fmt: skip
    assert asked == {
        "filter": ["gguf"], "sort": ["downloads"], "direction": ["-1"], "limit": [str(PAGE)],
        "search": ["qwen coder"],
    }  # fmt: skip
    (found,) = page.repositories
    assert (found.id, found.downloads, found.likes) == (CODER, 412908, 1204)
    assert found.gguf is not None
    assert (found.gguf.parameters, found.gguf.architecture) == (30532122624, "qwen3moe")
    assert found.updated is not None
    assert found.updated.year == 2026
    assert page.cursor == ""


async def test_the_next_page_is_asked_for_with_the_cursor_of_the_link_header() -> None:
    cursor = "eyJfaWQiOnsiJGd0IjoiNjYifX0="

    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return httpx.Response(200, json=[listed("quants/Second-GGUF")])
        link = f'<https://elsewhere.example/api/models?limit=30&cursor={cursor}>; rel="next"'
        return httpx.Response(200, headers={"link": link}, json=[LISTED])

    hub, transport = a_hub(answer, token=TOKEN)
    page = await hub.search("coder")
    assert page.cursor == cursor
    last = await hub.search("coder", cursor=page.cursor)
    assert [each.id for each in last.repositories] == ["quants/Second-GGUF"]
    assert last.cursor == ""
    assert {sent.origin for sent in transport.sent} == {f"https://{HUB}"}
    assert transport.sent[1].params["search"] == "coder"


@pytest.mark.parametrize(
    "link", ["", "nonsense", '<https://x/>; rel="prev"', '<http://[>; rel="next"', "<>;rel=next"]
)
async def test_a_link_without_a_cursor_is_no_next_page(link: str) -> None:
    hub, _ = a_hub(httpx.Response(200, headers={"link": link}, json=[LISTED]))
    assert (await hub.search("")).cursor == ""


async def test_one_bad_entry_costs_none_of_the_others() -> None:
    bad: list[object] = [None, 7, [], {}, {"id": None}, {"id": "no-namespace"}, listed("a/../b")]
    hub, _ = a_hub([*bad, LISTED])
    page = await hub.search("")
    assert [each.id for each in page.repositories] == [CODER]
    assert page.left_out == len(bad)


@pytest.mark.parametrize(
    "name",
    ["a/b\u202egnp", "a/b\x1b[2J", "a/b\n", "../x", "a/..", "a/b/c", "a b/c", "a/" + "b" * 99],
)
async def test_a_hostile_name_is_no_entry(name: str) -> None:
    hub, _ = a_hub([LISTED, listed(name)])
    page = await hub.search("")
    assert [each.id for each in page.repositories] == [CODER]


@pytest.mark.parametrize("field", ["downloads", "likes", "lastModified", "gguf", "pipeline_tag"])
async def test_a_renamed_field_is_unknown_and_never_a_wrong_figure(field: str) -> None:
    entry = {key if key != field else f"{key}_v2": value for key, value in LISTED.items()}
    hub, _ = a_hub([entry, {**LISTED, field: [["of another type"]]}])
    for found in (await hub.search("")).repositories:
        values = {
            "downloads": found.downloads, "likes": found.likes, "lastModified": found.updated,
            "gguf": found.gguf, "pipeline_tag": found.task or None,
        }  # fmt: skip
        assert values.pop(field) is None
        assert None not in values.values()


@pytest.mark.parametrize(
    ("gated", "means"), [(False, ""), ("auto", "auto"), ("manual", "manual"), (True, "manual")]
)
async def test_gates_are_told_apart(gated: object, means: str) -> None:
    hub, _ = a_hub([listed(CODER, gated=gated)])
    assert (await hub.search("")).repositories[0].gated == means


# ---- one repository


async def test_files_come_with_exact_sizes_and_the_digest_of_their_content() -> None:
    hub, transport = a_hub(
        info(lfs("coder-Q4_K_M.gguf", 18556689568), {"rfilename": "README.md", "size": 7})
    )
    found = await hub.files(CODER)
    assert transport.sent[0].path == f"/api/models/{CODER}"
    assert transport.sent[0].params["blobs"] == "true"
    weights, readme = found.files
    assert (weights.size, weights.sha256) == (18556689568, SHA)
    assert (readme.size, readme.sha256) == (7, ""), "Only LFS has a digest of the content."


async def test_files_of_no_usable_size_or_name_are_unknown_or_left_out() -> None:
    hub, _ = a_hub(
        info(
            {"rfilename": "a.gguf", "bytes": 5},
            {**lfs("b.gguf", 5), "size": -1, "lfs": {"sha256": "zz", "size": "5"}},
            *(lfs(path, 1) for path in ("../up.gguf", "/etc/x", "a\x1b[2J.gguf", "a\u202e.gguf")),
            {"path": "renamed.gguf"},
        )
    )
    found = await hub.files(CODER)
    assert [(file.path, file.size, file.sha256) for file in found.files] == [
        ("a.gguf", None, ""),
        ("b.gguf", None, ""),
    ]
    assert found.left_out == 5


@pytest.mark.parametrize("name", ["", "x", "../../etc", "a/b?x=1", "a/b#c", "a/b c", "a/\x1b"])
async def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    hub, transport = a_hub(info())
    with pytest.raises(NotFound):
        await hub.files(name)
    assert transport.sent == []


# ---- answers of another shape


GARBAGE: list[Any] = [
    b"", b"{", b"null", b'"text"', b"\xff\xfe", b"[" * 50_000, b'{"models": []}', b"[1, 2]",
    b'[{"name": "a/b"}]',
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE)
async def test_garbage_is_one_sentence(body: bytes) -> None:
    error = await failure_of(httpx.Response(200, content=body))
    assert isinstance(error, NotOllama)
    assert error.title == "The API of Hugging Face answered something unexpected."


@pytest.mark.parametrize(
    "body",
    [[], {}, {**info(), "siblings": None}, info({"path": "a.gguf"}), {**info(), "id": 5}],
)
async def test_garbage_in_place_of_a_repository_is_one_sentence(body: object) -> None:
    error = await failure_of(body, files=CODER)
    assert "something unexpected" in error.title


async def test_a_page_of_a_proxy_is_told_from_the_hub() -> None:
    error = await failure_of(httpx.Response(200, html="<html><title>Log in</title></html>"))
    assert error.title == "Something else answers in place of Hugging Face."


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    read = 0

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            nonlocal read
            while True:
                read += 1
                yield b" " * 1_000_000

    error = await failure_of(httpx.Response(200, stream=Endless()))
    assert "something unexpected" in error.title
    assert read <= MAX_BYTES // 1_000_000 + 2


async def test_compressed_answers_are_not_unpacked() -> None:
    response = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=_bytes(b"x"))
    assert "something unexpected" in (await failure_of(response)).title


def _bytes(content: bytes) -> httpx.AsyncByteStream:
    class Stream(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield content

    return Stream()


# ---- refusals


REFUSALS: list[tuple[httpx.Response, type[OllamaError], str, str]] = [
    (refused(403, "GatedRepo", "Access is restricted."), Forbidden, "is gated", "HF_TOKEN"),
    (refused(401, "GatedRepo"), Forbidden, "terms have to be accepted", "HF_TOKEN"),
    (refused(401, "RepoNotFound", "Invalid username or password."), NotFound, "or it is private",
     "HF_TOKEN"),
    (refused(401), NotFound, f"has no repository {CODER}", "HF_TOKEN"),
    (refused(404, "RepoNotFound"), NotFound, f"has no repository {CODER}", ""),
    (refused(403, "", "Access to this resource is disabled."), Forbidden, "disabled", ""),
    (refused(403), Forbidden, "does not allow this", "HF_TOKEN"),
    (refused(429, **{"retry-after": "55"}), Busy, "limiting requests", "Wait 55 seconds"),
    (refused(429, ratelimit='"api";r=0;t=190'), Busy, "limiting requests", "Wait 4 minutes"),
    (refused(429), Busy, "limiting requests", "Wait 5 minutes"),
    (refused(429, **{"retry-after": "Wed, 21 Oct"}), Busy, "limiting requests", "Wait 5 minutes"),
    (refused(500), ServerFailed, "failed to answer (500)", "Wait a while"),
    (refused(503), ServerFailed, "failed to answer (503)", "Wait a while"),
    (refused(400), OllamaError, "did not understand", "newer"),
    (refused(418), OllamaError, "did not understand", "newer"),
    (httpx.Response(204), OllamaError, "did not understand", "newer"),
]  # fmt: skip


@pytest.mark.parametrize(("response", "kind", "title", "hint"), REFUSALS)
async def test_a_refusal_is_a_sentence_and_what_to_do(
    response: httpx.Response, kind: type[OllamaError], title: str, hint: str
) -> None:
    error = await failure_of(response, files=CODER)
    assert isinstance(error, kind)
    assert title in error.title
    assert hint in error.hint
    assert error.title.endswith((".", ")."))


async def test_a_rejected_token_is_told_from_a_missing_repository() -> None:
    answer = refused(401, "", "Invalid credentials in Authorization header")
    error = await failure_of(answer, files=CODER, token=TOKEN)
    assert isinstance(error, Unauthorized)
    assert "rejected the token in HF_TOKEN" in error.title


async def test_what_the_hub_says_is_not_repeated() -> None:
    answer = refused(403, "OddCode", f"{TOKEN} is no good")
    error = await failure_of(answer, token=TOKEN)
    assert TOKEN not in f"{error!r} {error} {error.__cause__!r} {vars(error)}"


@pytest.mark.parametrize(
    ("raised", "kind", "title"),
    [
        (httpx.ConnectError("no"), Unreachable, "cannot reach Hugging Face"),
        (httpx.ProxyError("no"), Unreachable, "cannot reach Hugging Face"),
        (httpx.ReadError("no"), Interrupted, "connection to Hugging Face broke"),
        (httpx.RemoteProtocolError("no"), Interrupted, "connection to Hugging Face broke"),
        (httpx.ReadTimeout("no"), Interrupted, "did not answer in time"),
    ],
)
async def test_no_network_is_a_sentence(
    raised: httpx.HTTPError, kind: type[OllamaError], title: str
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise raised

    error = await failure_of(answer)
    assert isinstance(error, kind)
    assert title in error.title
