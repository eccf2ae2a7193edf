"""The program itself: palette, keys, reasons, read-only mode, leaving."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.settings import ConfigProblem, Settings, read_config, settings_from
from ollama_tui.demo.store import Store
from ollama_tui.domain.modelfile.syntax import parse
from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import Action, Place
from ollama_tui.tui.palette import PaletteScreen
from tests.journeys.driver import a_server, journey

CHANGING = [action for action in ACTIONS if action.changes_server]
CHANGING_REQUESTS = {
    "/api/copy",
    "/api/delete",
    "/api/create",
    "/api/pull",
    "/api/push",
    "/api/generate",
    "/api/embed",
    "/api/signout",
}


async def test_the_palette_runs_an_action_by_its_name() -> None:
    async with journey() as user:
        await user.presses(":")
        await user.sees("What to do: disk")
        await user.types("reverse")
        await user.sees("Reverse the order.")
        await user.presses("enter")
        await user.until(lambda: "by modified ↑" in user.order)


async def test_the_palette_lists_every_action_of_the_place() -> None:
    async with journey(size=(120, 400)) as user:
        await user.presses("ctrl+p")
        await user.sees("What to do: disk")
        here = [a for a in ACTIONS if Place.LIST in a.place.regions]
        await user.sees(*[action.title for action in here])


async def test_a_word_typed_ahead_of_the_palette_runs_what_it_means() -> None:
    async with journey() as user:
        for key in (":", *"disk", "enter"):
            user.strikes(key)
        await user.sees("Storage", "mixtral:8x7b")


async def test_the_palette_shows_what_it_found_and_by_which_word() -> None:
    async with journey() as user:
        await user.presses(":")
        await user.types("downl")
        await user.sees("Pull  download", "Jobs  downloads")
        await user.sees_no("Rename")
        await user.types("xyz")
        await user.sees("No matching action.")


async def test_eighty_columns_say_in_the_palette_what_each_action_does() -> None:
    async with journey(size=(80, 24)) as user:
        await user.presses(":")
        await user.sees("Push the model at the cursor to a registry.")
        before = next(line.index("Push the") for line in user.lines if "Push the" in line)
        await user.types("disk")
        row = next(line for line in user.lines if "Storage  disk" in line)
        assert row.index("See what takes up the disk, and what frees it.") == before


async def test_what_was_run_from_the_palette_comes_first_the_next_time() -> None:
    async with journey() as user:
        for words in ("reverse", "mark all"):
            await user.presses(":")
            await user.types(words)
            await user.presses("enter")
        assert "by modified ↑" in user.order
        await user.presses(":", "down", "enter")
        await user.until(lambda: "by modified ↓" in user.order)


async def test_a_theme_is_shown_while_it_is_looked_at_and_esc_brings_the_old_one_back() -> None:
    async with journey() as user:
        await user.presses(":", *"theme", "enter")
        await user.sees("ollama-light")
        await user.presses("down")
        assert user.app.theme == "ollama-light"
        await user.presses(*"grv")
        await user.sees("No matches.")
        await user.presses("backspace", "backspace", *"uv")
        assert user.app.theme == "gruvbox"
        await user.presses("escape")
        assert user.app.theme == "ollama-dark"


async def test_the_theme_chosen_stays() -> None:
    async with journey() as user:
        for key in (":", *"theme", "enter", *"light", "enter"):
            user.strikes(key)
        await user.rests()
        assert not user.in_dialog
        assert user.app.theme == "ollama-light"


async def test_a_reason_that_a_row_has_no_room_for_is_said_in_full_below() -> None:
    async with journey(size=(60, 24)) as user:
        await user.presses(":")
        await user.types("compare")
        await user.sees("Mark two models to compare, or mark one and go to the other.")


async def test_the_palette_takes_the_reason_about_a_model_literally() -> None:
    demo, ticker = a_server()
    demo.add_hostile()
    async with journey(demo, server_time=ticker, size=(160, 200)) as user:
        assert user.cursor is not None
        assert "[/nope]" in user.cursor
        await user.presses(":")
        await user.sees("What to do: disk")
        await user.types("unload")
        await user.sees("[/nope] [bold red]x[/]")
        await user.sees("is not loaded.")


async def test_question_mark_lists_the_keys_with_reasons_for_those_that_cannot_act() -> None:
    async with journey(size=(160, 200)) as user:
        await user.presses("?")
        await user.sees("Keys that work here", "Pull a model from a registry.", "Move.")
        await user.sees("studio/reviewer:latest is not loaded.")
        await user.presses("escape")
        assert not user.in_dialog


async def test_question_mark_in_the_details_lists_the_keys_of_the_details() -> None:
    async with journey(size=(160, 100)) as user:
        await user.presses("enter", "?")
        await user.sees("Find as you type in this tab")
        await user.sees_no("Mark every model shown.")


async def test_letters_typed_in_the_help_find_keys_and_esc_clears_before_it_leaves() -> None:
    async with journey() as user:
        await user.presses("?", *"rena")
        await user.sees("Rename the model at the cursor")
        await user.sees_no("Pull a model from a registry.")
        await user.presses("escape")
        await user.sees("Pull a model from a registry.")
        await user.presses("escape")
        assert not user.in_dialog


async def test_a_key_typed_in_the_help_finds_what_it_does() -> None:
    async with journey() as user:
        await user.presses("?", "%")
        await user.sees("Make a smaller copy")
        await user.sees_no("Pull a model from a registry.")
        await user.presses("?")
        assert not user.in_dialog


async def test_the_second_page_of_the_help_has_signs_and_the_filter_language() -> None:
    async with journey() as user:
        await user.presses("?", "tab")
        await user.sees("Loaded into memory.", "embed", "size:2g..8g", "-cap:tools")
        await user.presses(*"vector")
        await user.sees("Turns text into vectors.")
        await user.sees_no("Loaded into memory.")
        await user.presses("tab")
        await user.sees("Nothing here. tab: 1 in signs and filter.", "finds any action by its name")


async def test_a_question_mark_and_more_typed_ahead_run_nothing() -> None:
    async with journey() as user:
        for key in ("?", "d", "y", "x"):
            user.strikes(key)
        await user.rests()
        await user.presses("escape", "escape")
        assert not user.in_dialog
        assert not user.app.jobs


async def test_the_footer_names_keys_of_where_one_is() -> None:
    async with journey() as user:
        assert "/ filter" in user.footer
        assert user.footer.endswith("? keys : palette")
        await user.presses("enter")
        assert "/ find" in user.footer
        assert "esc" in user.footer or "h back" in user.footer


async def test_a_key_the_user_bound_works_and_is_the_one_shown() -> None:
    async with journey(keys={"model.pull": "n"}) as user:
        assert "n pull" in user.footer
        await user.presses("n")
        await user.sees("Pull a model")
        await user.presses("escape", "p")
        assert not user.in_dialog


async def test_a_key_bound_in_a_full_screen_table_works_and_is_the_one_shown(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\n"storage.mark" = "W"\n')
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    async with journey(settings=settings) as user:
        assert user.toasts == []
        await user.presses("b")
        await user.sees("W mark")
        await user.presses("W")
        assert user.marked == {"mixtral:8x7b"}
        await user.presses("?", "W")
        await user.sees("W  Mark or unmark the model at the cursor")


async def test_a_key_bound_twice_stays_with_the_first_and_both_can_be_reached(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\n"model.copy" = "W"\n"model.delete" = "W"\n')
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    async with journey(settings=settings) as user:
        [said] = user.toasts
        assert "line 3: W is the key of both model.copy and model.delete" in said
        await user.presses("W")
        await user.sees("Copy studio/reviewer:latest")
        await user.presses("escape", "d")
        await user.sees("Delete studio/reviewer:latest?")


async def test_the_palette_of_a_full_screen_table_finds_what_works_there() -> None:
    async with journey() as user:
        await user.presses("b", ":")
        await user.types("mark")
        await user.presses("enter")
        assert user.marked == {"mixtral:8x7b"}
        await user.sees("Storage")


@pytest.mark.parametrize(
    ("opening", "words", "name", "where"),
    [
        ("", "keep", "Keep alive", "Works in running models: t opens them."),
        ("", "pin", "Keep alive  pin", "Works in running models: t opens them."),
        ("", "forever", "Keep alive  forever", "Works in running models: t opens them."),
        ("l", "filter", "Filter", "Works in the list."),
        ("l", "sort", "Sort", "Works in the list."),
        ("b", "pull", "Pull", "Works in the list."),
        ("b", "keep alive", "Keep alive", "Works in running models: t opens them from the list."),
    ],
)
async def test_the_palette_says_where_else_an_action_works(
    opening: str, words: str, name: str, where: str
) -> None:
    async with journey() as user:
        await user.presses(*opening, ":")
        await user.types(words)
        row = next(line for line in user.lines if where in line)
        assert f" {name}" in row
        while not row.split(name)[0].endswith("▸   "):
            await user.presses("down")
            row = next(line for line in user.lines if where in line)
        await user.presses("enter")
        assert not isinstance(user.app.screen, PaletteScreen)
        await user.until(lambda: user.toasts == [where])


async def test_the_palette_lists_what_works_here_before_the_rest() -> None:
    async with journey() as user:
        await user.presses(":")
        await user.types("cancel")
        [acts] = [n for n, line in enumerate(user.lines) if "Jobs  cancel" in line]
        [works] = [n for n, line in enumerate(user.lines) if "Works in jobs: J opens them." in line]
        assert acts < works


async def test_a_dimmed_key_says_why() -> None:
    demo, ticker = a_server(store=Store())
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.sees("This server has no models yet.")
        await user.presses("enter")
        await user.sees("There is no model under the cursor.")


@pytest.mark.parametrize("action", CHANGING, ids=[action.id for action in CHANGING])
async def test_read_only_refuses(action: Action) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, read_only=True) as user:
        await user.presses("space")
        user.main.action_run(action.id)
        await user.sees("Read-only: started with --read-only")
        assert not user.in_dialog
        await user.waits(20)
        assert CHANGING_REQUESTS.isdisjoint(request.path for request in demo.requests)


async def test_read_only_still_looks() -> None:
    async with journey(read_only=True) as user:
        await user.presses("j", "enter", "tab", "escape", "R")
        await user.sees("36 models listed.")


async def test_q_leaves_at_once_when_nothing_runs() -> None:
    async with journey() as user:
        await user.presses("q")
        await user.until(lambda: not user.app.is_running)
        assert user.app.return_value == 0


@pytest.mark.parametrize("before", [(), ("p",), ("d",), ("/", "x"), (":",), ("enter",), ("J",)])
async def test_ctrl_c_is_q_wherever_nothing_would_be_lost(before: tuple[str, ...]) -> None:
    async with journey() as user:
        await user.presses(*before, "ctrl+c")
        await user.until(lambda: not user.app.is_running)
        assert user.app.return_value == 0


async def test_mistakes_of_the_config_file_are_said_at_the_start() -> None:
    async with journey(
        config_problems=(ConfigProblem("config.toml: grace must be a number from 0 to 600."),)
    ) as user:
        await user.sees("config.toml: grace must be a number from 0 to 600.")
        assert user.names


async def test_names_of_nothing_in_the_config_file_are_said_with_line_and_setting(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'theme = "pink"\nsort = "sise"\ncolumns = [\n  "name", "sizes"]\n'
        '[keys]\n"model.pul" = "ctrl+n"\n"model.push" = "p"\n'
    )
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    async with journey(settings=settings, size=(120, 60)) as user:
        said = "\n".join(user.toasts)
        assert "config.toml, line 1: theme: there is no theme “pink”; there is ansi-dark" in said
        assert "config.toml, line 2: sort: there is no column “sise”; there is name, size" in said
        assert "config.toml, line 3: columns: there is no column “sizes”; there is name" in said
        assert "config.toml, line 6: there is no action “model.pul” to give a key to." in said
        assert "config.toml, line 7: p is the key of both model.pull and model.push." in said
        assert user.names


async def test_a_theme_of_the_command_line_is_not_blamed_on_the_config_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('theme = "ollama-light"\n')
    settings = settings_from(
        host=None, options={"theme": "pink"}, environ={}, config=read_config(file)
    )
    async with journey(settings=settings) as user:
        assert user.toasts[0].startswith("There is no theme “pink”; there is ")


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        (1, "qwen3:1.7b"),
        (3, "ollama run qwen3:1.7b"),
        (4, 'curl http://127.0.0.1:11434/api/show -d \'{"model": "qwen3:1.7b"}\''),
    ],
)
async def test_y_sends_a_text_of_the_model_to_the_clipboard(number: int, sent: str) -> None:
    async with journey() as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("y")
        await user.sees("Copy qwen3:1.7b")
        await user.presses(str(number))
        await user.until(lambda: user.app.clipboard == sent)
        await user.sees("was sent to the terminal's clipboard.")


async def test_y_can_send_a_modelfile_that_makes_the_same_model_on_what_is_known() -> None:
    async with journey() as user:
        await user.goes_to("studio/reviewer:latest")
        await user.presses("y", "5")
        await user.until(lambda: "FROM" in user.app.clipboard)
        assert "\nFROM studio/reviewer:latest\n" in user.app.clipboard
        assert "/blobs/" not in user.app.clipboard
        assert parse(user.app.clipboard).last("system").startswith("You review patches")
        await user.goes_to("qwen2.5-coder:7b")
        await user.until(lambda: user.current.digest in user.app.details)
        await user.goes_to("studio/reviewer:latest")
        await user.presses("y", "5")
        await user.until(lambda: "\nFROM qwen2.5-coder:7b\n" in user.app.clipboard)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("b", "Read the disk again."),
        ("t", "Choose how long the model stays loaded."),
        ("L", "Pull the marked models, or the one at the cursor."),
        ("J", "Try a failed or cancelled job again."),
    ],
)
async def test_question_mark_lists_the_keys_of_a_full_screen_table_too(key: str, said: str) -> None:
    async with journey() as user:
        await user.presses(key, "?")
        await user.sees("Keys that work here", said, "Move by a page")
        await user.presses("escape", "escape")
        await user.until(lambda: not user.in_dialog)


async def test_a_reason_is_said_once_while_it_stands_there() -> None:
    async with journey() as user:
        await user.presses("z", "z", "z")
        assert len(user.toasts) == 1
        await user.lets_toasts_go()
        await user.presses("z")
        assert len(user.toasts) == 1


async def test_nothing_said_lies_over_a_question() -> None:
    async with journey() as user:
        await user.presses("z")
        assert user.toasts
        await user.presses("p")
        await user.sees("Pull a model")
        assert user.toasts == []


async def test_many_mistakes_are_one_message_that_leaves_the_list_in_view() -> None:
    problems = tuple(ConfigProblem(f"config.toml: mistake {n}.") for n in range(9))
    async with journey(config_problems=problems) as user:
        [said] = user.toasts
        assert said.startswith("9 settings could not be used")
        assert "mistake 0" in said
        assert "… and 3 more." in said


async def test_read_only_stands_in_the_status_line() -> None:
    async with journey(read_only=True) as user:
        assert "read-only" in user.status
    async with journey() as user:
        assert "read-only" not in user.status


async def test_on_a_wide_screen_figures_stand_beside_the_longest_name() -> None:
    async with journey(size=(200, 40)) as user:
        row = user.row("qwen3:1.7b")
        longest = max(map(len, user.names))
        assert row.index("1.4 GB") < longest + 20


@pytest.mark.parametrize("opening", ["J", "b", "t", "L"])
async def test_q_that_closes_a_screen_does_not_also_quit(opening: str) -> None:
    async with journey() as user:
        user.strikes(opening)
        user.strikes("q")
        user.strikes("q")
        await user.sees("Press q again to quit.")
        assert not user.in_dialog
        assert user.app.is_running
        await user.presses("q")
        assert user.app.return_value == 0


async def test_a_toast_that_was_cleared_is_gone() -> None:
    async with journey() as user:
        for _ in range(5):
            await user.presses("x")
            assert user.toasts == ["studio/reviewer:latest is not loaded."]
            await user.lets_toasts_go()
            assert user.toasts == []
        await user.until(lambda: not user.app.screen.query_one("#messages").display, "no message")
        assert not user.app.screen.query("ToastRack > *")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_a_message_covers_neither_titles_nor_cursor_wherever_that_is(
    size: tuple[int, int],
) -> None:
    async with journey(size=size) as user:
        for keys in ("g", "G", "k", "k"):
            await user.presses(keys, "x")
            await user.sees("is not loaded.", "NAME")
            await user.until(lambda: any(line.lstrip("│").startswith("▸") for line in user.lines))
            await user.lets_toasts_go()


async def test_a_message_is_wrapped_again_for_another_size() -> None:
    long = "The download of a model with a rather long name was cancelled. Pulling again goes on."
    async with journey(size=(120, 40)) as user:
        user.app.tell(long)
        await user.rests()
        for opening in ("", "t"):
            await user.presses(*opening)
            for size in ((40, 20), (60, 24), (120, 40)):
                await user.resizes(*size)
                messages = user.app.screen.query_one("#messages")
                assert user.text_of(messages).removeprefix("· ") == long, user.screen
                assert messages.size.height == {40: 3, 60: 2, 120: 1}[size[0]]


async def test_a_key_for_a_job_says_that_there_is_none() -> None:
    async with journey() as user:
        await user.presses("J", "c")
        await user.sees("There are no jobs.")


async def test_a_deletion_waits_while_the_question_whether_to_quit_is_open() -> None:
    async with journey() as user:
        await user.presses("d", "y", "q")
        await user.sees("Quit?")
        await user.waits(20.0)
        await user.presses("n", "z")
        await user.sees("undone; nothing was deleted.")
        assert "studio/reviewer:latest" in user.names


async def test_news_of_jobs_while_a_screen_is_being_opened_is_no_trouble() -> None:
    from ollama_tui.tui.screens.jobs import JobsScreen
    from ollama_tui.tui.screens.running import RunningScreen

    async with journey() as user:
        await user.presses("p")
        await user.types("qwen3:4b")
        await user.presses("enter")
        for kind in (JobsScreen, RunningScreen):
            user.app.push_screen(kind(user.main.context))
            user.main.frame.draw_jobs()
            await user.waits(1.0)
            assert isinstance(user.app.screen, kind)


@pytest.mark.parametrize("is_demo", [True, False])
async def test_only_the_demo_says_that_it_keeps_nothing(is_demo: bool) -> None:
    async with journey(settings=Settings(demo=is_demo)) as user:
        await user.presses("p")
        await user.types("gemma3:12b")
        await user.presses("enter", "q")
        await user.sees("Quit? 1 download is running.")
        afresh = "The demo starts afresh next time: no download is kept."
        resumes = "pulling again resumes"
        await user.sees(afresh if is_demo else resumes)
        await user.sees_no(resumes if is_demo else afresh)


@pytest.mark.parametrize("is_demo", [True, False])
async def test_the_demo_offers_no_command_for_an_address_where_nothing_answers(
    is_demo: bool,
) -> None:
    async with journey(settings=Settings(demo=is_demo)) as user:
        await user.presses("y")
        await user.sees("ollama run studio/reviewer:latest")
        assert ("curl" in user.screen) is not is_demo
