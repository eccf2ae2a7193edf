"""Pulls and pushes move, stop, resume and fail as on a real server."""

from __future__ import annotations

from hashlib import sha256

import httpx
import pytest

from ollama_tui.demo.manifest import MANIFEST, ImageManifest
from ollama_tui.demo.manifest import MANIFEST_LIST as LIST
from ollama_tui.demo.release import BEFORE_LISTS
from ollama_tui.domain.names import parse
from tests.clock import VirtualClock
from tests.demo.levers import Demo
from tests.demo.streaming import watched

SMALL = "all-minilm:latest"


def layers(demo: Demo, name: str) -> list[str]:
    raw = demo.registry.models[parse(name).key].raw
    return [layer.digest for layer in ImageManifest.decoded(raw).everything]


def sized(demo: Demo, name: str) -> int:
    return ImageManifest.decoded(demo.registry.models[parse(name).key].raw).size


async def test_a_pull_downloads_verifies_and_installs(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model="all-minilm")
    await stream.end(ticker)
    assert stream.statuses[0] == "pulling manifest"
    assert stream.statuses[-3:] == ["verifying sha256 digest", "writing manifest", "success"]
    assert demo.store.get(parse(SMALL)) is not None
    assert not demo.downloads
    assert not demo.partials


async def test_the_last_event_of_a_layer_is_below_its_total(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model=SMALL)
    events = await stream.end(ticker)
    seen = [event for event in events if event.get("digest") == layers(demo, SMALL)[0]]
    assert 0 < seen[-1]["completed"] < seen[-1]["total"]
    assert stream.of(layers(demo, SMALL)[0]) == sorted(stream.of(layers(demo, SMALL)[0]))


async def test_the_rate_is_what_the_server_says(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model="gemma3:12b")
    await ticker.advance(10.0)
    assert stream.last["completed"] == pytest.approx(10 * demo.server.rate, rel=0.05)
    await stream.leave()


async def test_an_installed_model_tells_each_layer_once(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model="mistral:7b")
    events = await stream.end(ticker)
    shown = [e for e in events if "digest" in e]
    assert [e["digest"] for e in shown] == layers(demo, "mistral:7b")
    assert all(e["completed"] == e["total"] for e in shown)


async def test_leaving_stops_the_download_and_the_next_pull_resumes(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    weights = layers(demo, "gemma3:12b")[0]
    first = await watched(client, "/api/pull", model="gemma3:12b")
    await ticker.advance(5.0)
    assert list(demo.downloads) == [weights]
    await first.leave()
    kept = demo.partials[weights]
    assert (demo.downloads, demo.open_streams) == ({}, 0)
    await ticker.advance(60.0)
    assert demo.partials[weights] == kept > 0
    second = await watched(client, "/api/pull", model="gemma3:12b")
    await ticker.advance()
    assert second.of(weights)[0] > kept
    await second.leave()


async def test_two_clients_share_a_download_and_one_may_leave(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    weights = layers(demo, "qwen3:4b")[0]
    first = await watched(client, "/api/pull", model="qwen3:4b")
    await ticker.advance(3.0)
    second = await watched(client, "/api/pull", model="qwen3:4b")
    await ticker.advance()
    assert second.of(weights)[0] == pytest.approx(first.of(weights)[-1], rel=0.05)
    assert len(demo.downloads[weights].clients) == 2
    before = first.of(weights)[-1]
    await ticker.advance(1.0)
    assert first.of(weights)[-1] - before < 1.5 * demo.server.rate
    await first.leave()
    await second.end(ticker)
    assert second.statuses[-1] == "success"


async def test_completed_goes_down_when_a_connection_is_reset(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model="qwen3:4b")
    await ticker.advance(2.0)
    before = stream.last["completed"]
    demo.take_back(50_000_000)
    await ticker.advance()
    assert stream.last["completed"] < before
    await stream.leave()


async def test_a_stalled_host_repeats_the_same_numbers(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model="qwen3:4b")
    await ticker.advance(1.0)
    demo.blob_host = "stalled"
    await ticker.advance(10.0)
    assert len({event["completed"] for event in stream.events[-100:]}) == 1
    demo.blob_host = "up"
    await stream.end(ticker)
    assert stream.last == {"status": "success"}


async def test_a_host_that_stays_away_fails_the_pull_after_a_minute(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    demo.blob_host = "down"
    stream = await watched(client, "/api/pull", model=SMALL)
    await stream.end(ticker)
    assert stream.last["error"].startswith("max retries exceeded: Get ")
    assert 60 < ticker.seconds < 70


async def test_a_full_disk_keeps_the_partial(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    demo.disk_free = 20_000_000
    stream = await watched(client, "/api/pull", model=SMALL)
    await stream.end(ticker)
    assert stream.last["error"].endswith("-partial: no space left on device")
    assert 0 < demo.partials[layers(demo, SMALL)[0]] <= 20_000_000


async def test_a_server_that_dies_breaks_the_stream_and_forgets_the_partial(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model=SMALL)
    await ticker.advance(0.3)
    demo.cut_streams()
    with pytest.raises(httpx.RemoteProtocolError):
        await stream.end(ticker)
    assert (demo.downloads, demo.partials) == ({}, {})


async def test_an_update_removes_the_layers_nothing_else_uses(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    (old,) = demo.store.entries[parse("llama3.1:8b")].manifest.of("model")
    stream = await watched(client, "/api/pull", model="llama3.1:8b")
    await stream.end(ticker)
    assert stream.statuses[-3:] == ["writing manifest", "removing unused layers", "success"]
    assert old.digest in demo.store.blobs  # an own model was made of them
    await client.request("DELETE", "/api/delete", json={"model": "sql-writer:lora"})
    assert old.digest not in demo.store.blobs


async def test_a_cloud_stub_has_no_weights(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/pull", model="gpt-oss:20b:cloud")
    await stream.end(ticker)
    entry = demo.store.get(parse("gpt-oss:20b-cloud"))
    assert entry is not None
    assert entry.manifest.size < 1000


async def test_an_unreachable_registry_says_so(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    demo.registry_online = False
    stream = await watched(client, "/api/pull", model=SMALL)
    assert "lookup registry.ollama.ai on" in stream.last["error"]
    elsewhere = await watched(client, "/api/pull", model="models.example/a/b")
    assert elsewhere.last["error"].endswith("no such host")


async def test_an_own_model_can_be_pushed_and_pulled_back(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    stream = await watched(client, "/api/push", model="studio/reviewer")
    events = await stream.end(ticker)
    shown = [e for e in events if "digest" in e]
    assert [e["status"] for e in events][-2:] == ["pushing manifest", "success"]
    assert all(e["completed"] <= e["total"] for e in shown)
    await client.request("DELETE", "/api/delete", json={"model": "studio/reviewer"})
    back = await watched(client, "/api/pull", model="studio/reviewer")
    await back.end(ticker)
    assert back.last == {"status": "success"}


async def test_a_new_layer_is_uploaded_in_parts_and_ends_full(
    demo: Demo, client: httpx.AsyncClient, ticker: VirtualClock
) -> None:
    await client.post("/api/copy", json={"source": "sql-writer:lora", "destination": "studio/sql"})
    (adapter,) = demo.store.entries[parse("studio/sql")].manifest.of("adapter")
    stream = await watched(client, "/api/push", model="studio/sql")
    await stream.end(ticker)
    assert 100_000_000 in stream.of(adapter.digest)
    assert stream.of(adapter.digest)[-1] == adapter.size
    assert adapter.digest in demo.registry.blobs


@pytest.mark.parametrize(
    ("account", "model", "words"),
    [
        (None, "studio/reviewer", '401: {"error":"unauthorized"}'),
        ("somebody", "studio/reviewer", "unauthorized: access denied"),
        ("studio", "mistral:7b", "unauthorized: access denied"),
    ],
)
async def test_a_push_needs_the_right_account(
    demo: Demo, client: httpx.AsyncClient, account: str | None, model: str, words: str
) -> None:
    demo.account = account
    stream = await watched(client, "/api/push", model=model)
    assert stream.last == {"error": words}


async def test_the_registry_answers_update_checks(demo: Demo, client: httpx.AsyncClient) -> None:
    def url(model: str, tag: str) -> str:
        return f"https://registry.ollama.ai/v2/library/{model}/manifests/{tag}"

    same = await client.head(url("mistral", "7b"))
    newer = await client.get(url("llama3.1", "8b"))
    missing = await client.head(url("nosuch", "1b"))
    local = {m["name"]: m["digest"] for m in (await client.get("/api/tags")).json()["models"]}
    assert same.headers["ollama-content-digest"] == local["mistral:7b"]
    assert newer.headers["ollama-content-digest"] != local["llama3.1:8b"]
    assert missing.status_code == 404


async def test_the_registry_gives_lists_to_those_who_take_them(
    demo: Demo, client: httpx.AsyncClient
) -> None:
    url = "https://registry.ollama.ai/v2/library/qwen3"
    whole = await client.get(f"{url}/manifests/1.7b", headers={"accept": f"{LIST}, {MANIFEST}"})
    plain = await client.get(f"{url}/manifests/1.7b", headers={"accept": MANIFEST})
    assert (whole.headers["content-type"], plain.headers["content-type"]) == (LIST, MANIFEST)
    children = {child["runner"]: child["digest"] for child in whole.json()["manifests"]}
    assert set(children) == {"llamacpp", "mlx"}
    blob = await client.get(f"{url}/blobs/{children['llamacpp']}")
    assert blob.content == plain.content
    assert f"sha256:{sha256(blob.content).hexdigest()}" == children["llamacpp"]
    local = {m["name"]: m["digest"] for m in (await client.get("/api/tags")).json()["models"]}
    assert f"sha256:{local['qwen3:1.7b']}" == children["llamacpp"]
    assert children["mlx"] not in demo.store.blobs


async def test_a_server_that_knows_no_lists_pulls_one_manifest(ticker: VirtualClock) -> None:
    old = Demo(pace=ticker.sleep, now=ticker.now, version=BEFORE_LISTS)
    async with httpx.AsyncClient(transport=old.transport(), base_url="http://demo") as client:
        stream = await watched(client, "/api/pull", model="qwen3:1.7b")
        await stream.end(ticker)
    assert stream.last == {"status": "success"}
    entry = old.store.entries[parse("qwen3:1.7b")]
    assert (entry.tree, entry.manifest.runner) == ("manifests", "llamacpp")
    assert not old.store.hidden
