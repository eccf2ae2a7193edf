"""Names, digests, shared layers, deletion and creation come out as on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from ollama_tui.demo.release import BEFORE_LISTS
from ollama_tui.domain.names import parse
from tests.clock import VirtualClock
from tests.demo.levers import Demo
from tests.demo.streaming import watched
from tests.importing.making import Plain, gguf
from tests.recordings import recorded


async def listed(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {m["name"]: m for m in (await client.get("/api/tags")).json()["models"]}


async def shown(client: httpx.AsyncClient, model: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/show", json={"model": model, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def created(
    client: httpx.AsyncClient, ticker: VirtualClock, **body: Any
) -> list[dict[str, Any]]:
    stream = await watched(client, "/api/create", **body)
    return await stream.end(ticker)


async def test_a_copy_is_an_alias_and_deleting_it_frees_nothing(
    demo: Demo, client: httpx.AsyncClient
) -> None:
    blobs = set(demo.store.blobs)
    await client.post("/api/copy", json={"source": "SmolLM2:135m", "destination": "mine"})
    models = await listed(client)
    assert models["mine:latest"]["digest"] == models["smollm2:135m"]["digest"]
    assert next(iter(models)) == "mine:latest"
    await client.request("DELETE", "/api/delete", json={"model": "MINE"})
    assert set(demo.store.blobs) == blobs


async def test_deleting_the_last_user_frees_every_layer(
    demo: Demo, client: httpx.AsyncClient
) -> None:
    manifest = demo.store.entries[parse("starcoder2:3b")].manifest
    await client.request("DELETE", "/api/delete", json={"model": "starcoder2:3b"})
    gone = {layer.digest for layer in manifest.everything} - set(demo.store.blobs)
    assert manifest.layers[0].digest in gone
    for layer in manifest.everything:
        status = (await client.head(f"/api/blobs/{layer.digest}")).status_code
        assert status == (404 if layer.digest in gone else 200)


async def test_a_child_merges_parameters_appends_licenses_and_keeps_the_rest(
    client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    base = await shown(client, "llama3.2:3b")
    body = {"license": "Mine too.", "parameters": {"num_ctx": 8192, "top_p": 0.5}}
    await created(client, ticker, model="child", **{"from": "llama3.2:3b"}, **body)
    child = await shown(client, "child")
    assert child["license"] == base["license"] + "\nMine too."
    assert child["template"] == base["template"]
    lines = set(child["parameters"].splitlines())
    assert lines > set(base["parameters"].splitlines())
    assert f"{'num_ctx':<30} 8192" in lines
    assert child["details"]["parent_model"] == "llama3.2:3b"


async def test_the_same_content_again_has_the_same_digest_and_a_new_time(
    client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    body = {"model": "twice", "from": "phi4:14b", "system": "Hello."}
    await created(client, ticker, **body)
    first = (await listed(client))["twice:latest"]
    await ticker.advance(5.0)
    await created(client, ticker, **body)
    second = (await listed(client))["twice:latest"]
    assert first["digest"] == second["digest"]
    assert first["modified_at"] < second["modified_at"]


async def test_replacing_a_model_drops_what_only_it_used(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    await created(client, ticker, model="x", system="Unheard of.", **{"from": "phi4:14b"})
    (old,) = demo.store.entries[parse("x")].manifest.of("system")
    await created(client, ticker, model="x", system="Newer.", **{"from": "phi4:14b"})
    assert old.digest not in demo.store.blobs


@pytest.fixture
def old_demo(ticker: VirtualClock) -> Demo:
    """A server that still quantizes GGUF files."""
    return Demo(pace=ticker.sleep, now=ticker.now, version=BEFORE_LISTS)


@pytest.fixture
async def old_client(old_demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    transport = old_demo.transport()
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        yield client


async def test_quantizing_tells_progress_and_shrinks_the_weights(
    old_client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    client = old_client
    body = {"model": "small", "from": "tinyllama:1.1b-chat-fp16", "quantize": "q4_K_M"}
    events = await created(client, ticker, **body)
    working = [event for event in events if event["status"].startswith("quantizing F16 model")]
    assert {event["digest"] for event in working} == {"0" * 19}
    assert working[-1]["completed"] == working[-1]["total"]
    models = await listed(client)
    assert models["small:latest"]["size"] < models["tinyllama:1.1b-chat-fp16"]["size"] / 2
    assert models["small:latest"]["details"]["quantization_level"] == "Q4_K_M"


async def test_a_missing_base_is_pulled_first(
    client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    events = await created(client, ticker, model="m", system="Hi.", **{"from": "all-minilm"})
    statuses = [event["status"] for event in events]
    assert statuses.count("success") == 2
    assert {"m:latest", "all-minilm:latest"} <= set(await listed(client))


async def test_leaving_a_create_makes_no_model(
    old_client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    client = old_client
    body = {"model": "never", "from": "tinyllama:1.1b-chat-fp16", "quantize": "q8_0"}
    stream = await watched(client, "/api/create", **body)
    await ticker.advance(0.5)
    await stream.leave()
    await ticker.advance(60.0)
    assert "never:latest" not in await listed(client)


async def test_a_real_gguf_file_can_be_uploaded_and_made_a_model(
    client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    facts: dict[str, Plain] = {
        "general.architecture": "llama",
        "general.file_type": 1,
        "llama.context_length": 512,
        "llama.embedding_length": 64,
        "tokenizer.ggml.tokens": ["a", "b"],
    }
    data = gguf(facts, {"token_embd.weight": [64, 300], "output.weight": [64, 300]})
    digest = f"sha256:{sha256(data).hexdigest()}"
    assert (await client.post(f"/api/blobs/{digest}", content=data)).status_code == 201
    events = await created(client, ticker, model="own:1", files={"own.gguf": digest})
    assert events[0] == {"status": "parsing GGUF"}
    assert events[-1] == {"status": "success"}
    assert (await listed(client))["own:1"]["details"]["context_length"] == 512
    answer = await shown(client, "own:1")
    assert answer["model_info"]["tokenizer.ggml.tokens"] is None
    assert answer["model_info"]["general.parameter_count"] == 38_400
    assert answer["tensors"][0] == {"name": "token_embd.weight", "type": "F16", "shape": [64, 300]}
    whole = await shown(client, "own:1", verbose=True)
    assert whole["model_info"]["tokenizer.ggml.tokens"] == ["a", "b"]


async def test_a_full_disk_refuses_an_upload(demo: Demo, client: httpx.AsyncClient) -> None:
    demo.disk_free = 3
    answer = await client.post(f"/api/blobs/sha256:{'0' * 64}", content=b"hello")
    assert answer.status_code == 500
    assert answer.json()["error"].endswith("no space left on device")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ if .X }}", "template error: template: :1: unexpected EOF"),
        ("a\n{{ end }}", "template error: template: :2: unexpected {{end}}"),
        ("{{ .Prompt ", "template error: template: :1: unclosed action"),
    ],
)
async def test_a_template_must_parse(client: httpx.AsyncClient, template: str, words: str) -> None:
    body = {"model": "t", "from": "phi4:14b", "template": template}
    answer = await client.post("/api/create", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": words})


async def test_all_models_of_the_demo_can_be_shown_but_the_broken_one(
    client: httpx.AsyncClient,
) -> None:
    answers = {
        name: (await client.post("/api/show", json={"model": name})).status_code
        for name in await listed(client)
    }
    assert len(answers) >= 30
    assert {name for name, status in answers.items() if status != 200} == {"old-experiment:latest"}


async def test_list_and_show_agree_on_abilities_except_for_templates_inside_weights(
    client: httpx.AsyncClient,
) -> None:
    different = [
        name
        for name, model in (await listed(client)).items()
        if "remote_host" not in model and name != "old-experiment:latest"
        if sorted(model["capabilities"]) != sorted((await shown(client, name))["capabilities"])
    ]
    assert different == ["hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M"]


async def test_since_0_40_only_safetensors_are_quantized(client: httpx.AsyncClient) -> None:
    body = {"model": "small", "from": "tinyllama:1.1b-chat-fp16", "quantize": "q4_K_M"}
    answer = await client.post("/api/create", json=body)
    refused = recorded("v2-create-quantize")
    assert (answer.status_code, answer.json()) == (refused.status, refused.answer)
