"""The list is home: there from the first frame, and the cursor stays on its model."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.api.prefetch import Prefetch
from ollama_tui.api.replies import Answers, ListedModel
from ollama_tui.config.settings import Settings
from ollama_tui.config.ui_state import UIState
from ollama_tui.demo.release import VERSION
from ollama_tui.services.cache import Cache
from tests.journeys.driver import a_server, journey


async def test_the_first_frame_says_where_it_connects_to() -> None:
    async with journey(listed=False) as user:
        await user.sees("Connecting to http://127.0.0.1:11434")


class Answered(Prefetch):
    """A server that has answered before the screen is there, or never does."""

    def __init__(self, answers: Answers | None) -> None:
        self._answers = answers

    def answers(self) -> Answers | None:
        return self._answers

    async def wait(self, seconds: float) -> Answers | None:
        return self._answers


async def test_the_first_frame_has_what_the_server_answered_meanwhile() -> None:
    answers = Answers((ListedModel(name="early:1b", digest="a" * 64),), (), "0.33.0")
    demo, ticker = a_server()
    demo.online = False
    async with journey(demo, server_time=ticker, prefetch=Answered(answers), listed=False) as user:
        assert user.names == ["early:1b"]
        await user.sees("early:1b", "0.33.0")
        assert "connecting" not in user.status


async def test_without_an_early_answer_the_server_is_asked_again() -> None:
    async with journey(prefetch=Answered(None)) as user:
        await user.sees("qwen3:1.7b", VERSION)


async def test_the_first_frame_shows_the_list_of_last_time_and_says_so(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep_models(Settings().host.url, (ListedModel(name="remembered:1b", digest="a" * 64),))
    demo, ticker = a_server()
    demo.online = False
    async with journey(demo, server_time=ticker, cache=cache, listed=False) as user:
        assert "remembered:1b" in user.names
        await user.sees("remembered:1b")


async def test_the_list_of_last_time_gives_way_to_the_real_one(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep_models(Settings().host.url, (ListedModel(name="gone:1b", digest="a" * 64),))
    async with journey(cache=cache) as user:
        await user.sees("qwen3:1.7b")
        await user.sees_no("gone:1b")
    assert "gone:1b" not in [model.name for model in cache.models(Settings().host.url)]


async def test_the_status_line_counts_models_bytes_and_what_is_loaded() -> None:
    async with journey() as user:
        await user.waits(3)  # what is shared is learned, and counted every now and then
        assert "36 models disk 146 GB used" in user.status
        assert "2 loaded" in user.status
        assert VERSION in user.status


async def test_the_cursor_stays_on_its_model_when_a_newer_one_appears_above() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        demo.add(3)
        await user.presses("R")
        await user.until(lambda: len(user.names) == 39)
        assert user.cursor == "qwen3:1.7b"


async def test_a_quiet_refresh_notices_what_was_pulled_elsewhere() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        demo.add(1)
        await user.waits(11)
        assert len(user.names) == 37


async def test_the_cursor_stays_on_its_model_through_sorting() -> None:
    async with journey() as user:
        await user.goes_to("gemma3:4b")
        await user.presses("2")
        assert user.cursor == "gemma3:4b"
        await user.presses("\\")
        assert user.cursor == "gemma3:4b"
        await user.sees("gemma3:4b")


async def test_the_cursor_stays_on_its_model_through_filtering_and_clearing() -> None:
    async with journey() as user:
        await user.goes_to("gemma3:4b")
        await user.filters("gemma")
        assert user.cursor == "gemma3:4b"
        await user.presses("escape")
        assert len(user.names) == 36
        assert user.cursor == "gemma3:4b"


async def test_a_model_filtered_away_gets_the_cursor_back_only_if_it_was_not_moved() -> None:
    async with journey() as user:
        await user.goes_to("gemma3:4b")
        await user.filters("qwen")
        assert user.cursor in user.names
        await user.presses("escape")
        assert user.cursor in user.names


async def test_the_cursor_goes_to_the_next_model_when_its_own_is_deleted() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        following = user.names[user.names.index("qwen3:1.7b") + 1]
        await user.presses("d", "y")
        await user.waits(9)
        await user.until(lambda: "qwen3:1.7b" not in user.names)
        assert user.cursor == following


async def test_the_cursor_and_its_row_survive_a_smaller_terminal() -> None:
    async with journey() as user:
        await user.goes_to("mixtral:8x7b")
        await user.resizes(80, 24)
        assert user.cursor == "mixtral:8x7b"
        assert "▸" in user.row("mixtral:8x7b")
        await user.resizes(120, 40)
        assert "▸" in user.row("mixtral:8x7b")


async def test_each_size_shows_as_much_of_a_model_as_it_has_room_for() -> None:
    async with journey(size=(80, 24)) as user:
        await user.waits(3)  # capabilities are learned meanwhile
        for width, height in ((80, 24), (120, 40)):
            await user.resizes(width, height)
            assert "Q4_K_M  tools +1" in user.row("studio/reviewer:latest")
            assert "…/Compass-3B-GGUF:Q4_K_M  1.9 GB" in user.screen
        await user.resizes(200, 60)
        assert "32K  tools insert " in user.row("studio/reviewer:latest")
        assert "2.1 GB  qwen3       now " in user.row("qwen3:1.7b")
        assert "hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M  1.9 GB" in user.screen


async def test_columns_leave_but_the_name_stays_as_it_gets_narrow() -> None:
    async with journey(size=(80, 24)) as user:
        assert "SIZE" in user.lines[1]
        await user.resizes(44, 24)
        assert "NAME" in user.lines[1]
        assert "CTX" not in user.lines[1]
        assert "gpt-oss:20b" in user.screen


async def test_forty_by_ten_still_works() -> None:
    async with journey(size=(40, 10)) as user:
        await user.presses("j", "G", "g")
        assert "▸" in user.screen
        await user.presses("d")
        await user.sees("Delete studio/reviewer:latest?", "Frees about", "y delete   n keep")
        await user.presses("n", "p")
        await user.sees("Pull a model", "enter pull", "esc cancel")
        await user.presses("escape", "enter")
        await user.sees("Overview")


async def test_a_tiny_terminal_says_so_and_comes_back() -> None:
    async with journey(size=(30, 8)) as user:
        await user.sees("Too small")
        assert "qwen" not in user.screen
        await user.resizes(80, 24)
        await user.sees("qwen3:1.7b")


async def test_the_keys_stay_where_they_were_while_the_terminal_is_tiny() -> None:
    async with journey() as user:
        await user.resizes(10, 3)
        await user.resizes(100, 30)
        before = user.cursor
        await user.presses("j")
        assert user.cursor != before
        await user.presses("/")
        await user.types("qwen")
        await user.resizes(1, 1)
        await user.resizes(80, 24)
        assert user.field == "qwen"
        await user.presses("enter", "enter")
        await user.resizes(39, 9)
        await user.resizes(80, 24)
        await user.sees("Overview")
        await user.presses("escape", "s")
        await user.sees("Sort by")


async def test_ten_thousand_models_are_listed_and_moved_through() -> None:
    demo, ticker = a_server()
    demo.add(10_000)
    async with journey(demo, server_time=ticker) as user:
        assert "10,036 models" in user.status
        await user.presses("G")
        last = user.cursor
        assert last == user.names[-1]
        await user.sees(str(last))
        await user.filters("chat-llama:00000")
        assert user.names == ["chat-llama:00000"]


async def test_what_a_deletion_frees_is_counted_for_thousands_too() -> None:
    demo, ticker = a_server()
    demo.add(1_100)
    async with journey(demo, server_time=ticker, size=(200, 60)) as user:
        await user.filters("chat-llama:00000")
        await user.sees("Frees         …")
        await user.waits(60)  # until all of them were asked about
        await user.sees("Frees         about 600 MB")


async def test_an_empty_server_says_what_to_do() -> None:
    from ollama_tui.demo.store import Store

    demo, ticker = a_server(store=Store())
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.sees("This server has no models yet.", "pulls one")


async def test_order_and_theme_are_remembered_for_the_next_run(tmp_path: Path) -> None:
    file = tmp_path / "state" / "ui-state.json"
    async with journey(ui_state=UIState.read(file)) as user:
        await user.presses("2", "\\", ":")
        await user.types("theme")
        await user.presses("enter", "down", "enter")
    async with journey(ui_state=UIState.read(file)) as user:
        assert user.app.theme == "ollama-light"
        assert user.names[0] == "smollm2:135m"
        assert "by size ↑" in user.order


async def test_a_configured_order_holds_until_another_was_chosen() -> None:
    async with journey(sort="size") as user:
        assert user.names[0] == "mixtral:8x7b"
        assert "by size ↓" in user.order


async def test_configured_columns_are_the_ones_shown() -> None:
    async with journey(columns=("name", "digest")) as user:
        assert "DIGEST" in user.lines[2]
        assert "SIZE" not in user.lines[2]


async def test_a_configured_column_that_does_not_exist_is_said() -> None:
    async with journey(columns=("name", "nonsense")) as user:
        await user.sees("There is no column “nonsense”")


async def test_a_refresh_behind_the_details_does_not_move_the_list() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=(80, 24)) as user:
        await user.presses(*["j"] * 24)
        before = user.main.table.rows_in_view()[0].name
        await user.presses("enter")
        demo.add(1)
        await user.presses("R", "escape")
        await user.until(lambda: len(user.names) == 37)
        assert user.main.table.rows_in_view()[0].name == before
