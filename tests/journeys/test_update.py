"""Knowing what is outdated, and fetching that and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ollama_tui.demo.catalog import CATALOG
from ollama_tui.demo.manifest import ImageManifest
from ollama_tui.demo.models import manifest_of
from ollama_tui.demo.store import Store
from ollama_tui.domain.names import parse
from ollama_tui.domain.storage.packaging import MANIFEST_TYPE
from ollama_tui.services.cache import Cache
from ollama_tui.services.jobs.job import State
from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey

OUTDATED = {"llama3.1:8b", "granite3.3:2b", "starcoder2:3b"}
MADE_HERE = ("pirate:latest", "studio/reviewer:latest", "studio/support-bot:v2", "sql-writer:lora")


def modified(demo: Demo) -> dict[str, object]:
    return {name.display: entry.modified for name, entry in demo.store.entries.items()}


def in_registry(demo: Demo, name: str) -> ImageManifest:
    return ImageManifest.decoded(demo.registry.models[parse(name).key].raw)


def layers(demo: Demo) -> set[str]:
    """Return the digests of what is here and no manifest."""
    return {
        digest
        for digest, blob in demo.store.blobs.items()
        if MANIFEST_TYPE.encode() not in (blob.head or b"")
    }


def to_fetch(demo: Demo, *names: str) -> int:
    """Return the bytes of all blobs the server does not have, each once."""
    layers = {each.digest: each.size for n in names for each in in_registry(demo, n).everything}
    return sum(size for digest, size in layers.items() if digest not in demo.store.blobs)


def with_the_sign(user: User) -> set[str]:
    """Return the names whose row has the arrow left of the name."""
    found = (re.match(r".{0,4}↑ (\S+)", line) for line in user.lines)
    return {match[1] for match in found if match}


async def checks(user: User) -> None:
    """Ask the registries, and go back to the list."""
    await user.presses("o")
    await user.sees("models checked")
    await user.presses("escape")
    await user.waits(1)


async def test_exactly_the_outdated_are_signed_counted_and_found_by_the_filter() -> None:
    async with journey(size=(140, 60)) as user:
        assert with_the_sign(user) == set()
        await checks(user)
        assert with_the_sign(user) == OUTDATED
        assert "↑ 3 outdated" in user.status
        await user.filters("is:outdated")
        assert set(user.names) == OUTDATED
        await user.filters("!is:outdated")
        assert not {*OUTDATED, *MADE_HERE} & set(user.names)
        await user.filters("is:uncertain")
        assert set(user.names) == {*MADE_HERE, "old-experiment:latest"}
        assert all(" ? " in user.row(name) for name in user.names)


async def test_details_say_what_is_newer_what_is_not_and_what_nobody_can_tell() -> None:
    async with journey(size=(140, 60)) as user:
        await user.goes_to("mistral:7b")
        await user.sees_no("Update up to date")
        await checks(user)
        await user.until(lambda: "Update up to date" in user.details)
        await user.goes_to("starcoder2:3b")
        await user.until(lambda: "to fetch Changes license" in user.details)
        await user.goes_to("pirate:latest")
        await user.until(lambda: "Update not known: made here from" in user.details)


async def test_nobody_is_asked_before_o() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("j", "k", "/", "escape", "U")
        await user.sees("No model is known to be outdated: o asks the registries.")
        assert demo.registry_requests == []


async def test_marks_limit_the_check() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("llama3.1:8b")
        await user.presses("space", "o")
        await user.sees("1 model checked: 1 outdated.")
        asked = {url.path for _, url in demo.registry_requests}
        assert asked == {"/v2/library/llama3.1/manifests/8b"}


async def test_u_says_bytes_and_changes_and_fetches_just_them() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        before = modified(demo)
        await user.goes_to("starcoder2:3b")
        await user.presses("u")
        bytes_ = to_fetch(demo, "starcoder2:3b")
        await user.sees("Update starcoder2:3b?", "to fetch: license", f"Fetches {bytes_} B")
        blobs = layers(demo)
        await user.presses("y")
        await user.server_works(5)
        assert user.app.jobs[0].state is State.DONE
        fetched = [demo.store.blobs[digest].size for digest in layers(demo) - blobs]
        assert sum(fetched) == bytes_
        changed = {name for name, when in modified(demo).items() if before[name] != when}
        assert changed == {"starcoder2:3b"}


async def test_updating_all_pulls_only_the_outdated_and_knows_them_as_current_after() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=(140, 60)) as user:
        await checks(user)
        before = modified(demo)
        bytes_ = to_fetch(demo, *OUTDATED)
        await user.presses("U")
        await user.sees("Update 3 models?", f"({bytes_:,} bytes)", "weights and template")
        await user.presses("v")
        await user.sees("POST /api/pull  {", "v hides the 3 requests")
        blobs = layers(demo)
        await user.presses("y")
        await user.server_works(100)
        assert {job.state for job in user.app.jobs} == {State.DONE}
        fetched = [demo.store.blobs[digest].size for digest in layers(demo) - blobs]
        assert sum(fetched) == bytes_
        changed = {name for name, when in modified(demo).items() if before[name] != when}
        assert changed == OUTDATED
        assert {body["model"] for body in demo.bodies("/api/pull")} == OUTDATED
        await user.sees_no("outdated │")
        assert with_the_sign(user) == set()


async def test_the_bar_is_of_the_whole_model_from_the_first_moment() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("llama3.1:8b")
        await user.presses("u", "y")
        assert user.app.jobs[0].progress.total == in_registry(demo, "llama3.1:8b").size


async def test_n_updates_nothing() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("llama3.1:8b")
        await user.presses("u", "n")
        assert demo.bodies("/api/pull") == []


async def test_offline_is_not_known_quietly_and_one_attempt_a_registry_is_enough() -> None:
    demo, ticker = a_server()
    demo.registry_online = False
    async with journey(demo, server_time=ticker, size=(140, 60)) as user:
        await user.presses("o")
        await user.sees("34 models checked: 34 not known.", "Cannot connect to ollama.com")
        assert user.screen.count("Cannot connect to ollama.com") == 1
        await user.presses("escape")
        assert with_the_sign(user) == set()
        assert "outdated" not in user.status
        assert len(demo.registry_requests) <= 5


async def test_a_manifest_written_anew_by_an_old_server_is_not_outdated() -> None:
    demo, ticker = a_server()
    name = parse("qwen3:8b")
    entry = demo.store.entries[name]
    spaced = json.dumps(json.loads(entry.raw), indent=1).encode()
    demo.store.write(name, spaced, entry.modified)
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("u")
        await user.sees("qwen3:8b is up to date.")
        assert demo.bodies("/api/pull") == []


async def test_a_registry_without_tls_on_this_machine_is_updated_from_without_it() -> None:
    demo, ticker = a_server()
    name, public = parse("127.0.0.1:5000/me/llama:8b"), parse("llama3.1:8b")
    demo.store.write(name, demo.store.entries[public].raw, ticker.now())
    demo.registry.plain_hosts.add(name.host)
    demo.registry.models[name.key] = demo.registry.models[public.key]
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to(name.display)
        bytes_ = to_fetch(demo, name.display)
        await user.presses("u")
        await user.sees(f"({bytes_:,} bytes)")
        await user.presses("y")
        await user.server_works(100)
        assert user.app.jobs[0].state is State.DONE
        assert demo.bodies("/api/pull") == [{"model": name.display, "insecure": True}]
        await user.presses("u")
        await user.sees("is up to date.")


@pytest.mark.parametrize("name", MADE_HERE)
async def test_what_was_made_here_is_never_updated_and_its_name_tells_nobody(name: str) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to(name)
        await user.presses("u")
        await user.sees("Made here from")
        assert demo.registry_requests == []
        assert demo.bodies("/api/pull") == []


async def test_what_was_made_here_and_pushed_is_up_to_date(tmp_path: Path) -> None:
    demo, ticker = a_server()
    cache = Cache(tmp_path)
    async with journey(demo, server_time=ticker, cache=cache) as user:
        await user.goes_to("pirate:latest")
        await user.presses("P", "enter")
        await user.server_works(120)
        await user.goes_to("studio/pirate:latest")
        await user.presses("u")
        await user.sees("studio/pirate:latest is up to date.")
    async with journey(demo, server_time=ticker, cache=cache) as user:
        await user.goes_to("studio/pirate:latest")
        await user.presses("u")
        await user.sees("studio/pirate:latest is up to date.")


async def test_a_copy_under_an_own_name_is_not_known() -> None:
    demo, ticker = a_server()
    demo.store.write(parse("my-llama"), demo.store.entries[parse("llama3.1:8b")].raw, ticker.now())
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("my-llama:latest")
        await user.presses("u")
        await user.sees("ollama.com has no model of this name: it was made or renamed here.")


async def test_a_copy_under_the_name_of_another_library_model_is_not_updated() -> None:
    demo, ticker = a_server()
    entry = demo.store.entries[parse("nomic-embed-text")]
    demo.store.write(parse("gemma3:12b"), entry.raw, ticker.now())
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma3:12b")
        await user.presses("u")
        await user.sees("ollama.com has another model of this name")
        assert demo.bodies("/api/pull") == []


async def test_a_cloud_stub_says_that_nothing_here_can_be_outdated() -> None:
    async with journey() as user:
        await user.goes_to("gpt-oss:120b-cloud")
        await user.presses("u")
        await user.sees("It runs in the cloud")


async def test_read_only_looks_but_does_not_update() -> None:
    async with journey(read_only=True) as user:
        await checks(user)
        assert "↑ 3 outdated" in user.status
        await user.presses("U")
        await user.sees("Read-only")


async def test_findings_are_remembered_for_a_day_without_asking(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    async with journey(cache=cache) as user:
        await checks(user)
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, cache=cache) as user:
        await user.waits(1)
        assert "↑ 3 outdated" in user.status
        assert demo.registry_requests == []


async def test_something_newer_that_another_model_brought_already_costs_nothing() -> None:
    demo, ticker = a_server()
    offer = next(model for model in CATALOG if model.name == "llama3.1:8b")
    elsewhere = Store(demo.store.blobs)
    demo.store.write(
        parse("llama3.1:latest"), manifest_of(elsewhere, offer, newer=True), ticker.now()
    )
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("llama3.1:8b")
        await user.presses("u")
        await user.sees("nothing to fetch: weights", "Fetches nothing")


async def test_the_pull_dialog_says_size_and_what_is_missing() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("gemma3:12b")
        await user.sees("gemma3:12b fetches 8.1 GB", "Fetches 8.1 GB")
        await user.presses("enter")
        assert user.app.jobs[0].progress.total == in_registry(demo, "gemma3:12b").size


async def test_the_pull_dialog_says_what_changes_of_an_installed_model() -> None:
    async with journey() as user:
        await user.presses("p")
        await user.types("starcoder2:3b")
        await user.sees("fetches 646 B of 1.7 GB, changes license")
        await user.sees("Fetches 646 B (1.7 GB already there)")
        await user.empties_the_field()
        await user.types("mistral:7b")
        await user.sees("mistral:7b up to date")


async def test_what_the_dialog_says_is_fetched_is_what_the_job_says_it_has_fetched() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("starcoder2:3b")
        await user.sees("Fetches 646 B (1.7 GB already there)")
        await user.presses("enter")
        await user.server_works(20)
        assert any("646 B of 1.7 GB" in said for said in user.toasts), user.toasts


async def test_typing_never_waits_for_the_registry_and_asks_it_once() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("qwen3:4b")
        assert user.field == "qwen3:4b"
        await user.sees("fetches 2.5 GB")
        asked = [url.path for _, url in demo.registry_requests]
        manifests = [path for path in asked if "/manifests/" in path]
        assert manifests == ["/v2/library/qwen3/manifests/4b"]


async def test_a_pull_of_what_no_registry_can_be_asked_about_still_goes() -> None:
    demo, ticker = a_server()
    demo.registry_online = False
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("qwen3:4b")
        await user.sees("not checked", "Cannot connect to ollama.com", "may still pull it")
        await user.presses("enter")
        assert [body["model"] for body in demo.bodies("/api/pull")] == ["qwen3:4b"]
