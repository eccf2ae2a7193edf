"""What runs: seen while it is looked at, loaded, kept and unloaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.api.host import parse_host
from ollama_tui.config.hosts import NamedHost
from ollama_tui.demo import Demo as EmbeddedServer
from ollama_tui.domain.memory.available import GIB
from ollama_tui.services.cache import Cache
from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey

PS = "/api/ps"
GENERATE = "/api/generate"
EMBED = "/api/embed"


def line_of(user: User, name: str) -> str:
    """Return the row of a model as it is drawn, without its bar."""
    found = [line for line in user.lines if re.match(rf"│?[▸ ][✓ ][● ] {re.escape(name)} ", line)]
    assert len(found) == 1, user.screen
    return " ".join(re.sub("[▏▎▍▌▋▊▉█│▐]", " ", found[0]).split())


def listed(demo: Demo) -> list[str]:
    return [runner.name for runner in demo.server.runners]


async def test_it_says_what_each_model_takes_where_and_until_when() -> None:
    async with journey() as user:
        await user.presses("t")
        await user.sees("Running models")
        assert line_of(user, "qwen3:1.7b") == "▸ ● qwen3:1.7b 2.1 GB 100% GPU 4K llamacpp forever"
        assert "11 GB 25%/75% CPU/GPU 4K llamacpp 4:1" in line_of(user, "gpt-oss:20b")
        await user.sees("2 models · 13 GB in memory", "10 GB VRAM in use")
        await user.sees("about 10 GB: more was split between GPU and CPU")
        await user.sees("█ qwen3:1.7b 2.1 GB", "▓ gpt-oss:20b 8.8 GB")


async def test_where_the_memory_of_the_gpus_is_known_the_rest_of_the_bar_is_free() -> None:
    async with journey(transport=EmbeddedServer().transport) as user:
        await user.presses("t")
        await user.sees("10 GB VRAM in use of 12 GB", "1.1 GB free")
        await user.presses("j", "x")
        await user.sees("2.1 GB VRAM in use of 12 GB", "9.9 GB free")


async def test_the_memory_of_a_server_elsewhere_is_what_the_config_says() -> None:
    hosts = (NamedHost("gpu-box", memory=24 * GIB),)
    async with journey(host=parse_host("gpu-box"), hosts=hosts) as user:
        await user.sees("10 GB of 25 GB 2 loaded")
        await user.presses("t")
        await user.sees("10 GB VRAM in use of 25 GB", "from config.toml   14 GB free")
        await user.presses("X", "y")
        await user.sees("0 B VRAM in use of 25 GB", "25 GB free")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60)])
async def test_what_is_free_is_seen_at_every_size(size: tuple[int, int]) -> None:
    hosts = (NamedHost("127.0.0.1", memory=24 * GIB),)
    async with journey(size=size, hosts=hosts) as user:
        await user.presses("t")
        await user.sees("10 GB VRAM in use of 25 GB", "14 GB free")


async def test_what_models_were_seen_to_take_is_remembered(tmp_path: Path) -> None:
    demo, ticker = a_server()
    cache, split = Cache(tmp_path), "about 10 GB: more was split between GPU and CPU"
    there: dict[str, Any] = {"cache": cache, "server_time": ticker, "host": parse_host("gpu-box")}
    async with journey(demo, **there) as user:
        await user.presses("t")
        await user.sees("10 GB VRAM in use", split)
        assert "vram 10 GB 2 loaded" in user.status  # what was seen is no total
        await user.presses("X", "y")
        await user.sees("No model is loaded.", split)
    async with journey(demo, **there) as user:
        await user.presses("t")
        await user.sees("0 B VRAM in use", split)


async def test_the_time_left_counts_down_every_second() -> None:
    async with journey() as user:
        await user.presses("t")
        before = seconds_left(user, "gpt-oss:20b")
        await user.waits(1)
        assert seconds_left(user, "gpt-oss:20b") == before - 1
        await user.waits(60)
        assert seconds_left(user, "gpt-oss:20b") == before - 61


def seconds_left(user: User, name: str) -> int:
    """Return the countdown of a row."""
    minutes, seconds = line_of(user, name).split()[-1].split(":")
    return 60 * int(minutes) + int(seconds)


async def test_several_are_marked_and_unloaded_at_once() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t", "a", "x")
        await user.sees("2 models being unloaded.", "No model is loaded.")
        assert listed(demo) == []


async def test_rows_are_sorted_by_number_and_filtered_as_in_the_list() -> None:
    async with journey() as user:
        await user.presses("t", "2")
        await user.sees("MEMORY↓")
        assert shown(user) == ["gpt-oss:20b", "qwen3:1.7b"]
        await user.presses("2")
        assert shown(user) == ["qwen3:1.7b", "gpt-oss:20b"]
        await user.filters("size:>8g")
        assert shown(user) == ["gpt-oss:20b"]
        await user.presses("escape")
        assert shown(user) == ["qwen3:1.7b", "gpt-oss:20b"]
        await user.presses("escape")
        assert not user.in_dialog


def shown(user: User) -> list[str]:
    """Return the names of the rows, in order."""
    return [row.name for row in user.app.screen.query_one("Table").rows]  # type: ignore[attr-defined]


async def test_it_asks_for_running_models_alone_and_only_while_it_is_seen() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t")
        asked = len(demo.requests)
        await user.waits(4.1)
        assert [seen.path for seen in demo.requests[asked:]] == [PS, PS]
        await user.presses("escape")
        asked = len(demo.seen(PS))
        await user.waits(4.1)
        assert len(demo.seen(PS)) == asked


async def test_what_others_load_and_unload_shows_within_two_seconds() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t")
        demo.server.runners.clear()
        await user.waits(2)
        await user.sees("No model is loaded.")


async def test_a_model_whose_time_is_over_is_stopping() -> None:
    async with journey() as user:
        await user.presses("t")
        await user.waits(600)
        assert line_of(user, "gpt-oss:20b").endswith("stopping")
        assert line_of(user, "qwen3:1.7b").endswith("forever")


async def test_another_model_is_chosen_and_seen_while_it_loads() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t", "w")
        await user.sees("Load a model", "codellama:7b-code")
        await user.presses(*"code", "enter")
        await user.waits(2)
        assert line_of(user, "codellama:7b-code").endswith("loading …")
        await user.presses("up")
        assert "codellama:7b-code is loaded." not in user.toasts
        await user.server_works(8)
        await user.sees("codellama:7b-code is loaded.")
        await user.waits(2)
        assert 0 < seconds_left(user, "codellama:7b-code") < 300


async def test_neither_cloud_models_nor_running_ones_are_offered_for_loading() -> None:
    async with journey(size=(120, 60)) as user:
        await user.presses("t", "w")
        await user.sees("codellama:7b-code")
        offered = user.text_of(user.app.screen.query_one("#rows")).split()
    assert "codellama:7b-code" in offered
    assert not {"gpt-oss:120b-cloud", "qwen3-coder:480b-cloud"} & set(offered)
    assert not {"qwen3:1.7b", "gpt-oss:20b"} & set(offered)


async def test_a_load_goes_on_when_the_screen_is_left() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t", "w", *"code", "enter", "escape")
        assert not user.in_dialog
        await user.server_works(8)
        await user.sees("codellama:7b-code is loaded.")


async def test_an_embedding_model_is_loaded_and_kept_the_embed_way() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t", "w", *"bge", "enter")
        await user.server_works(3)
        await user.sees("bge-m3:latest is loaded.")
        await user.waits(2)
        await user.presses("down", "K", "3")
        await user.sees("bge-m3:latest stays loaded for 1 hour.")
        assert demo.bodies(EMBED) == [
            {"model": "bge-m3:latest", "input": ""},
            {"model": "bge-m3:latest", "input": "", "keep_alive": "1h"},
        ]
        assert demo.seen(GENERATE) == []


async def test_the_time_left_is_not_cut_where_there_is_room() -> None:
    async with journey() as user:
        await user.presses("t", "K", "2")
        await user.sees("qwen3:1.7b stays loaded for 30 minutes.")
        await user.lets_toasts_go()
        assert line_of(user, "qwen3:1.7b").endswith("29:59")


async def test_every_lifetime_is_one_the_server_understands() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t")
        for number in "123456":
            await user.presses("K", number)
        await user.until(lambda: len(demo.seen(GENERATE)) == 6)
        assert [body.get("keep_alive") for body in demo.bodies(GENERATE)] == [
            "5m", "30m", "1h", "24h", -1, None,
        ]  # fmt: skip
        assert {body["model"] for body in demo.bodies(GENERATE)} == {"qwen3:1.7b"}
        assert not [toast for toast in user.toasts if "not loaded" in toast]


async def test_x_frees_one_model_and_shift_x_the_rest() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t", "down", "x")
        await user.sees("gpt-oss:20b is being unloaded.")
        assert listed(demo) == ["qwen3:1.7b"]
        await user.presses("w", *"bge", "enter")
        await user.server_works(3)
        await user.sees("▓ bge-m3:latest 1.9 GB")
        await user.presses("X")
        await user.sees("Unload 2 models?", "bge-m3:latest")
        assert len(listed(demo)) == 2
        await user.presses("y")
        await user.sees("No model is loaded.")
        assert listed(demo) == []


async def test_a_refusal_is_told_and_the_screen_goes_on() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        demo.fail(GENERATE, 500, {"error": "model requires more system memory"})
        await user.presses("t", "w", *"code", "enter")
        await user.until(lambda: any("not loaded" in toast for toast in user.toasts))
        await user.sees("Running models")
        assert "loading" not in user.screen


async def test_a_server_that_is_gone_is_a_line_on_the_screen_until_it_is_back() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("t")
        demo.online = False
        await user.waits(2)
        await user.sees("Cannot connect")
        assert "qwen3:1.7b" in user.screen
        demo.online = True
        await user.waits(2)
        await user.sees_no("Cannot connect")


async def test_read_only_looks_but_does_not_touch() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, read_only=True) as user:
        await user.presses("t", "x", "X", "w", "K")
        await user.sees("Read-only")
        assert len(demo.server.runners) == 2
        assert demo.seen(GENERATE) == []


async def test_it_fits_a_small_terminal() -> None:
    async with journey(size=(40, 10)) as user:
        await user.presses("t")
        assert "gpt-oss:20b" in user.screen
        assert re.search(r"gpt-oss:20b .* 4:\d\d$", user.screen, re.MULTILINE)


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        ((80, 24), " x unload  X unload all  K keep alive  w load "),
        ((40, 10), " x unload "),
    ],
)
async def test_the_keys_of_running_models_come_first_in_the_footer(
    size: tuple[int, int], keys: str
) -> None:
    async with journey(size=size) as user:
        await user.presses("t")
        assert user.lines[-1].startswith(keys)
