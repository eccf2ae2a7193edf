"""Lists of manifests in registries, and their manifests, which are blobs there."""

from __future__ import annotations

import json
from hashlib import sha256

import httpx
import pytest

from ollama_tui.api.errors import NotOllama, OllamaError
from ollama_tui.api.replies import ListedManifest
from ollama_tui.domain.names import parse
from tests.api.test_registry import DIGEST, MANIFEST, bad_digest, registry

LIST_TYPE = "application/vnd.ollama.manifest.list.v2+json"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def listing(*entries: object) -> bytes:
    return json.dumps({"mediaType": LIST_TYPE, "manifests": entries}).encode()


def reference(digest: str, runner: object = "llamacpp") -> dict[str, object]:
    return {"mediaType": MANIFEST_TYPE, "digest": f"sha256:{digest}", "runner": runner}


CHILD = ListedManifest(DIGEST, "llamacpp")
SENT = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.ollama.manifest.list.v2+json","manifests":['
    b'{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"sha256:'
    b'dbc25d4bff59f17250f3cd75a2070a6244da70981cdaa0377abbbea951761550","runner":"ggml",'
    b'"format":"gguf"},{"mediaType":"application/vnd.docker.distribution.manifest.v2+json",'
    b'"digest":"sha256:26a0e1aa9f5b9a1a1b4e935f40d47271700e19d9f51c5803be3bf559f205039c",'
    b'"runner":"llamacpp","format":"gguf"}]}'
)
"""A list as a registry answered a server of 0.40."""


async def test_a_list_names_the_manifests_for_each_runner() -> None:
    asked, _ = registry(httpx.Response(200, content=SENT))
    async with asked:
        published = await asked.manifest(parse("qwen3"))
    assert published.digest == "f8c185691576cfe2666f3161b1f30542f2cff0ee1f2c21073f727cba19190d44"
    assert published.manifest is None
    assert [(child.runner, child.digest[:8]) for child in published.children] == [
        ("ggml", "dbc25d4b"),
        ("llamacpp", "26a0e1aa"),
    ]


async def test_a_manifest_in_a_list_may_be_whole() -> None:
    whole = json.loads(MANIFEST) | {"runner": " LlamaCPP "}
    asked, seen = registry(httpx.Response(200, content=listing(whole, reference("b" * 64, None))))
    async with asked:
        first, second = (await asked.manifest(parse("qwen3"))).children
        manifest = await asked.child(parse("qwen3"), first)
    assert (first.runner, first.digest, second.runner) == ("llamacpp", "", "")
    assert json.loads(first.embedded) == whole
    assert manifest.size == 4_000_000_400
    assert len(seen) == 1


async def test_what_a_list_has_besides_manifests_is_passed_over() -> None:
    odd = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:odd"}
    asked, _ = registry(httpx.Response(200, content=listing(odd, reference(DIGEST))))
    async with asked:
        assert (await asked.manifest(parse("qwen3"))).children == (CHILD,)


@pytest.mark.parametrize(
    "body",
    [
        listing({"mediaType": LIST_TYPE, "manifests": []}),
        listing(reference("../../etc/passwd")),
        listing({"mediaType": MANIFEST_TYPE}),
        listing(reference(DIGEST, 5)),
        listing(7),
        listing({"config": {}, "layers": []}),
        listing(json.loads(bad_digest("sha256:x"))),
        json.dumps({"mediaType": LIST_TYPE, "manifests": "none"}).encode(),
    ],
)
async def test_a_list_that_is_none_is_refused_whole(body: bytes) -> None:
    asked, _ = registry(httpx.Response(200, content=body))
    async with asked:
        with pytest.raises(NotOllama):
            await asked.manifest(parse("qwen3"))


async def test_the_digest_of_a_list_comes_without_a_body_too() -> None:
    headers = {"docker-content-digest": f"sha256:{DIGEST}"}
    asked, _ = registry(httpx.Response(200, headers=headers))
    async with asked:
        assert (await asked.newest(parse("qwen3"))).digest == DIGEST


async def test_a_manifest_is_known_by_what_was_sent_whatever_a_header_says() -> None:
    headers = {"ollama-content-digest": "b" * 64}
    asked, _ = registry(httpx.Response(200, content=MANIFEST, headers=headers))
    async with asked:
        assert (await asked.manifest(parse("qwen3"))).digest == DIGEST


@pytest.mark.parametrize(
    ("name", "insecure", "location"),
    [
        ("qwen3", False, ""),
        ("qwen3", False, "/data"),
        ("qwen3", False, "https://bucket.storage.example/data?signature=x"),
        ("box.lan:5000/me/m:1", True, "https://bucket.storage.example/data"),
        ("127.0.0.1:5000/me/m:1", True, "http://localhost:5001/data"),
    ],
)
async def test_a_manifest_of_a_list_is_a_blob_wherever_blobs_are_kept(
    name: str, insecure: bool, location: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_blob = request.url.path.endswith(f"/blobs/sha256:{DIGEST}")
        if is_blob and location:
            return httpx.Response(307, headers={"location": location})
        return httpx.Response(200, content=MANIFEST)

    asked, seen = registry(answer)
    async with asked:
        manifest = await asked.child(parse(name), CHILD, insecure=insecure)
    assert manifest.size == 4_000_000_400
    assert len(seen) == (2 if location else 1)


@pytest.mark.parametrize(
    "location",
    [
        "http://bucket.storage.example/data",
        "https://127.0.0.1/data",
        "https://localhost:8443/data",
        "https://[::1]/data",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/data",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_blob_is_not_fetched_from_inside_nor_without_tls(location: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "ollama.com":
            return httpx.Response(307, headers={"location": location})
        return httpx.Response(200, content=MANIFEST)

    asked, seen = registry(answer)
    async with asked:
        with pytest.raises(OllamaError):
            await asked.child(parse("qwen3"), CHILD)
    assert {request.url.host for request in seen} == {"ollama.com"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, content=SENT), "a different manifest than its list names"),
        (httpx.Response(404), "lists a manifest that it does not have"),
    ],
)
async def test_a_manifest_that_is_not_what_its_list_names_is_refused(
    answer: httpx.Response, said: str
) -> None:
    asked, _ = registry(answer)
    async with asked:
        with pytest.raises(NotOllama, match=said):
            await asked.child(parse("qwen3"), CHILD)


async def test_a_list_is_no_manifest_of_a_list() -> None:
    asked, _ = registry(httpx.Response(200, content=SENT))
    async with asked:
        with pytest.raises(NotOllama):
            await asked.child(parse("qwen3"), ListedManifest(sha256(SENT).hexdigest()))
