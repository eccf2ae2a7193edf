"""What runs: load, unload, unload all."""

from __future__ import annotations

from tests.journeys.driver import a_server, journey


async def test_loading_says_so_and_the_row_shows_it() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        assert "●" not in user.row("gemma2:2b")
        await user.presses("w")
        await user.server_works(10)
        await user.until(lambda: "●" in user.row("gemma2:2b"))
        await user.sees("gemma2:2b is loaded.")
        assert "3 loaded" in user.status


async def test_an_embedding_model_is_loaded_by_its_own_endpoint() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("bge-m3:latest")
        await user.presses("w")
        await user.server_works(5)
        await user.until(lambda: demo.seen("/api/embed"))
        assert demo.seen("/api/generate") == []


async def test_unloading_frees_the_memory() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("x")
        await user.server_works(2)
        await user.waits(11)
        await user.until(lambda: "●" not in user.row("qwen3:1.7b"))
        assert "1 loaded" in user.status


async def test_unload_all_unloads_every_one_after_a_yes() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("X")
        await user.sees("Unload 2 models?")
        await user.presses("y")
        await user.server_works(2)
        await user.waits(11)
        await user.until(lambda: "loaded" not in user.status)


async def test_what_is_not_loaded_cannot_be_unloaded_and_says_so() -> None:
    async with journey() as user:
        await user.presses("x")
        await user.sees("studio/reviewer:latest is not loaded.")


async def test_a_cloud_model_has_nothing_to_load() -> None:
    async with journey() as user:
        await user.goes_to("gpt-oss:120b-cloud")
        await user.presses("w")
        await user.sees("gpt-oss:120b-cloud runs in the cloud: there is nothing to load.")


async def test_a_model_too_big_is_said_with_the_servers_words() -> None:
    demo, ticker = a_server()
    demo.fail("/api/generate", 500, {"error": "model requires more system memory (9.0 GiB)"})
    async with journey(demo, server_time=ticker) as user:
        await user.presses("w")
        await user.until(lambda: any("memory" in said for said in user.toasts))


async def test_unload_all_names_what_it_unloads_and_until_when_each_was_to_stay() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("X")
        await user.sees("Unload 2 models?", "Frees 13 GB of memory")
        await user.sees("qwen3:1.7b   2.1 GB  kept forever")
        await user.sees("gpt-oss:20b   11 GB  4 minutes left")
        for key in ("enter", "space", "X"):
            await user.presses(key)
            await user.sees("Unload 2 models?")
        assert demo.seen("/api/generate") == []
        for no in ("n", "escape"):
            await user.presses(no)
            assert not user.in_dialog
            await user.presses("X")
        await user.server_works(2)
        assert demo.seen("/api/generate") == []


async def test_unload_all_unloads_what_it_named_and_nothing_loaded_since() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        [other] = [r for r in demo.server.runners if r.name == "gpt-oss:20b"]
        demo.server.runners.remove(other)
        await user.presses("R")
        await user.until(lambda: "1 loaded" in user.status)
        await user.presses("X")
        await user.sees("Unload qwen3:1.7b?")
        demo.server.runners.append(other)
        await user.waits(11)
        await user.until(lambda: "2 loaded" in user.status)
        await user.presses("y")
        await user.until(lambda: demo.bodies("/api/generate"))
        assert [body["model"] for body in demo.bodies("/api/generate")] == ["qwen3:1.7b"]
