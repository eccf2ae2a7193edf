"""Filter, order, marks: what the user chooses to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.saved_filters import SavedFilters
from ollama_tui.config.ui_state import UIState
from ollama_tui.domain.columns import COLUMNS
from tests.journeys.driver import a_server, journey


async def test_words_filter_as_they_are_typed() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("qwen")
        assert user.names
        assert all("qwen" in name for name in user.names)
        await user.types(" coder")
        assert all("qwen" in name and "coder" in name for name in user.names)
        assert "3 of 36 models" in user.status


async def test_fields_filter_by_what_a_model_is() -> None:
    async with journey() as user:
        await user.filters("cap:vision size:<8g")
        assert set(user.names) == {
            "gemma3:4b",
            "gemma3:latest",
            "llava:7b",
            "llama3.2-vision:11b",
        }


async def test_a_started_filter_is_applied_and_shown() -> None:
    async with journey(filter="is:cloud") as user:
        assert len(user.names) == 2
        await user.sees("is:cloud")
        await user.presses("j")
        assert user.cursor == user.names[1]


async def test_a_started_filter_with_a_mistake_says_so() -> None:
    async with journey(filter="sise:3", listed=False) as user:
        await user.sees("There is no field “sise”. Did you mean size:3g?")


async def test_a_saved_filter_is_chosen_from_a_list_and_shown_by_its_name() -> None:
    saved = (("coders", "qwen coder"), ("sees", "cap:vision size:<8g"))
    async with journey(filters=saved) as user:
        await user.presses("@")
        await user.sees("Filter by", "coders  qwen coder", "sees    cap:vision size:<8g")
        await user.presses("2")
        await user.sees("/ @sees")
        assert "llava:7b" in user.names
        assert len(user.names) == 4
        await user.presses("j")
        assert user.cursor == user.names[1]
        await user.presses("escape")
        assert len(user.names) == 36


async def test_a_saved_filter_is_named_among_other_words() -> None:
    async with journey(filters=(("sees", "cap:vision size:<8g"),)) as user:
        await user.filters("@sees gemma3")
        assert set(user.names) == {"gemma3:4b", "gemma3:latest"}


async def test_without_saved_filters_the_key_says_how_to_save_one() -> None:
    async with journey() as user:
        await user.presses("@")
        await user.sees("“save filter” in the palette saves the one that is set.")


async def test_a_mistake_stands_under_its_word_and_the_last_good_rows_stay() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("llama")
        good = user.names
        await user.types(" sise:3")
        await user.sees("There is no field “sise”. Did you mean size:3g?")
        assert user.names == good
        typed = next(n for n, line in enumerate(user.lines) if line.startswith("/ llama sise:3"))
        assert user.lines[typed + 1].index("^") == user.lines[typed].index("sise")


async def test_the_rows_are_dimmed_while_a_word_is_wrong() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("llama")
        assert not user.is_dimmed("llama3.1:8b")
        await user.types(" sise<5g")
        assert user.is_dimmed("llama3.1:8b")
        await user.presses("tab")
        assert user.field == "llama size<5g"
        assert not user.is_dimmed("llama3.1:8b")


@pytest.mark.parametrize(
    ("typed", "says", "mended", "names"),
    [
        ("has:vision gemma", "Did you mean cap:vision? tab takes it.", "cap:vision gemma",
         {"gemma3:4b", "gemma3:latest"}),
        ("cap:visoin gemma", "Did you mean cap:vision? tab takes it.", "cap:vision gemma",
         {"gemma3:4b", "gemma3:latest"}),
        ("age:<40h", "Did you mean newer:40h? tab takes it.", "newer:40h", None),
        ("family:gema3", "Did you mean family:gemma3? tab takes it.", "family:gemma3",
         {"gemma3:4b", "gemma3:latest"}),
        ("size:>20", "tab makes it size:>20g.", "size:>20g", {"mixtral:8x7b"}),
    ],
)  # fmt: skip
async def test_a_near_miss_is_offered_and_taken_with_tab(
    typed: str, says: str, mended: str, names: set[str] | None
) -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types(typed)
        await user.sees(says)
        await user.presses("tab")
        assert user.field == mended
        await user.sees_no("Did you mean", "^")
        assert names is None or set(user.names) == names
        assert user.names


async def test_tab_completes_a_field_and_goes_through_its_values() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("fam")
        await user.presses("tab")
        assert user.field == "family:"
        await user.sees("llama  qwen2")
        await user.presses("tab")
        first = user.field
        assert first.startswith("family:")
        assert 0 < len(user.names) < 36
        await user.presses("tab")
        assert user.field != first
        await user.presses("shift+tab")
        assert user.field == first
        await user.presses("enter", "j")
        assert user.cursor == user.names[1]


async def test_a_field_typed_to_its_colon_shows_what_may_follow() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("is:")
        await user.sees("loaded  cloud  alias  outdated  marked")
        await user.types("cl")
        await user.presses("tab")
        assert user.field == "is:cloud"
        assert len(user.names) == 2


async def test_where_tab_has_nothing_to_offer_it_says_what_to_type() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("size:")
        await user.presses("tab")
        await user.sees("bytes on disk: size:2g..8g")
        assert user.field == "size:"


async def test_earlier_filters_come_back_with_the_arrows_and_in_the_next_run(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ui-state.json"
    async with journey(ui_state=UIState.read(file)) as user:
        for text in ("qwen", "gemma", "qwen"):
            await user.filters(text)
            await user.presses("escape")
        await user.filters("sise:3")
        await user.presses("escape")
    async with journey(ui_state=UIState.read(file)) as user:
        await user.presses("/")
        await user.types("lla")
        await user.presses("up")
        assert user.field == "qwen"
        assert all("qwen" in name for name in user.names)
        await user.presses("up")
        assert user.field == "gemma"
        await user.presses("up")
        assert user.field == "gemma"
        await user.presses("down", "down")
        assert user.field == "lla"
        assert all("lla" in name for name in user.names)
        await user.presses("down", "j")
        assert user.cursor == user.names[1]


async def test_the_filter_that_is_set_is_no_earlier_one() -> None:
    async with journey() as user:
        await user.filters("qwen")
        await user.presses("escape")
        await user.filters("gemma")
        await user.presses("/", "up")
        assert user.field == "qwen"
        await user.presses("down")
        assert user.field == "gemma"


async def test_a_filter_is_saved_under_a_name_and_used_by_it(tmp_path: Path) -> None:
    file = tmp_path / "filters.json"
    async with journey(saved_filters=SavedFilters.read(file)) as user:
        await user.filters("cap:vision size<8g")
        await user.presses(":")
        await user.types("save filter")
        await user.presses("enter")
        await user.sees("Save this filter", "cap:vision size<8g")
        await user.types("Sees")
        await user.sees("@sees will stand for it.")
        await user.presses("enter")
        await user.sees("@sees is saved.")
        await user.presses("escape")
        assert len(user.names) == 36
        await user.filters("@sees")
        assert len(user.names) == 4
    async with journey(saved_filters=SavedFilters.read(file), filter="@sees") as user:
        assert len(user.names) == 4
        await user.presses("@")
        await user.sees("sees  cap:vision size<8g")


async def test_a_saved_filter_is_forgotten(tmp_path: Path) -> None:
    saved = SavedFilters.read(tmp_path / "filters.json")
    saved.save("big", "size:>8g")
    async with journey(saved_filters=saved) as user:
        await user.presses(":")
        await user.types("forget filter")
        await user.presses("enter")
        await user.sees("Delete a saved filter", "big  size:>8g")
        await user.waits(1)  # the key that opened it is not taken again at once
        await user.presses("enter")
        await user.sees("@big is deleted. It was size:>8g")
        await user.presses("@")
        await user.sees("No filter is saved yet")
    assert SavedFilters.read(tmp_path / "filters.json").own == {}


async def test_a_name_of_the_config_file_is_not_taken_and_a_saved_one_is_replaced() -> None:
    saved = SavedFilters(own={"mine": "gemma"})
    async with journey(saved_filters=saved, filters=(("big", "size:>8g"),)) as user:
        await user.filters("@big qwen")
        await user.presses(":")
        await user.types("save filter")
        await user.presses("enter")
        await user.types("big")
        await user.sees("@big is set in config.toml: choose another name.")
        await user.presses("enter")
        assert user.in_dialog
        await user.empties_the_field()
        await user.types("two words")
        await user.sees("letters, digits, - and _ only")
        await user.empties_the_field()
        await user.types("@mine")
        await user.sees("Replaces @mine, which is gemma")
        await user.presses("enter")
        assert saved.own == {"mine": "size:>8g qwen"}
        await user.sees("It cannot be written to disk, so it is there until you quit.")


async def test_only_a_filter_without_mistakes_is_saved() -> None:
    async with journey() as user:
        await user.presses(":")
        await user.types("save filter")
        await user.sees("No filter is set: / types one.")
    async with journey(filter="sise:3") as user:
        await user.presses(":")
        await user.types("save filter")
        await user.presses("enter")
        await user.sees("The filter was not saved: something is wrong with it.")


async def test_a_mistake_mended_filters_again() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("size:<")
        assert len(user.names) == 36
        await user.types("1g")
        assert 0 < len(user.names) < 36
        await user.sees_no("^")


async def test_escape_clears_the_filter_from_the_input_and_from_the_list() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("qwen")
        await user.presses("escape")
        assert len(user.names) == 36
        await user.filters("qwen")
        await user.presses("escape")
        assert len(user.names) == 36
        await user.sees_no("/ qwen")


async def test_escape_out_of_the_input_hides_the_filter_line() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("qwen")
        await user.presses("escape")
        await user.sees_no("words of the name, cap:vision")


async def test_an_arrow_leaves_the_input_with_the_filter_kept() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("qwen")
        await user.presses("down")
        shown = user.names
        await user.presses("j")
        assert user.cursor == shown[1]


async def test_letters_typed_into_the_filter_are_no_commands() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("dqpxz?:")
        assert not user.in_dialog
        assert user.field == "dqpxz?:"


async def test_nothing_left_says_which_term_is_to_blame() -> None:
    async with journey() as user:
        await user.filters("qwen size:>900g")
        await user.sees("No matches for “size:>900g” (1 not known).", "esc shows all models")


async def test_esc_without_a_filter_is_nothing_to_talk_about() -> None:
    async with journey() as user:
        await user.presses("escape", "escape")
        assert user.toasts == []


async def test_the_cursor_comes_back_to_its_model_when_the_filter_is_given_up() -> None:
    async with journey() as user:
        await user.goes_to("llava:7b")
        await user.presses("/")
        await user.types("llama")
        assert user.cursor not in (None, "llava:7b")
        await user.presses("escape")
        assert user.cursor == "llava:7b"
        await user.filters("llama")
        await user.presses("j")
        chosen = user.cursor
        await user.presses("escape")
        assert user.cursor == chosen


async def test_while_a_filter_is_typed_the_footer_says_what_keys_do_then() -> None:
    async with journey() as user:
        await user.presses("/")
        assert "esc all models" in user.footer
        assert "delete" not in user.footer
        await user.presses("enter")
        assert "delete" in user.footer


async def test_the_sort_dialog_sorts_by_what_is_chosen() -> None:
    async with journey() as user:
        await user.presses("s")
        await user.sees("Sort by", "Params", "Loaded")
        await user.presses("1", "enter")
        assert user.names[0] == "bge-m3:latest"
        assert user.names[-1] == "tinyllama:1.1b-chat-fp16"
        assert "by name ↑" in user.order


async def test_the_sort_dialog_shows_the_direction_that_the_list_has() -> None:
    async with journey() as user:
        await user.presses("s", "9")
        assert "by family ↑" in user.order
        await user.presses("s")
        await user.sees("Family    ↑ now; again reverses it")


async def test_a_number_of_two_digits_chooses_in_a_long_picker() -> None:
    async with journey() as user:
        twelfth = COLUMNS[11]
        await user.presses("s", "1", "2")
        assert not user.in_dialog
        assert f"by {twelfth.title.lower()}" in user.order


async def test_a_number_that_cannot_get_longer_chooses_at_once() -> None:
    async with journey() as user:
        await user.presses("s", "3")
        assert not user.in_dialog
        assert f"by {COLUMNS[2].title.lower()}" in user.order


async def test_a_number_that_may_get_longer_waits_for_another_digit_or_enter() -> None:
    async with journey() as user:
        await user.presses("s", "1")
        await user.sees("Name", "Digest")
        await user.sees_no("Params")
        await user.presses("backspace", "2")
        assert not user.in_dialog
        assert f"by {COLUMNS[1].title.lower()}" in user.order


async def test_letters_narrow_the_sort_dialog_down_and_move_nothing() -> None:
    async with journey() as user:
        await user.presses("s", "j")
        await user.sees("No matches.")
        await user.presses("backspace", *"fo")
        await user.sees("Format")
        await user.sees_no("Modified")
        await user.presses("enter")
        assert "by format" in user.order


async def test_arrows_move_in_the_sort_dialog_whatever_is_typed() -> None:
    async with journey() as user:
        await user.presses("s", "f", "down", "up", "ctrl+n", "enter")
        assert "by family" in user.order, "the second of fits, family and format"


async def test_the_sort_dialog_starts_at_the_present_order_and_enter_turns_it_around() -> None:
    async with journey() as user:
        before = user.names
        await user.presses("s", "enter")
        assert user.names != before
        assert "by modified ↑" in user.order


async def test_digits_sort_by_column_and_again_turn_around() -> None:
    async with journey() as user:
        await user.presses("2")
        assert "by size ↓" in user.order
        biggest = user.names[0]
        assert biggest == "mixtral:8x7b"
        await user.presses("2")
        assert "by size ↑" in user.order
        assert user.names[0] == "smollm2:135m"


async def test_models_that_share_weights_stand_together_when_asked_and_the_cursor_stays() -> None:
    async with journey() as user:
        await user.presses("2", "j", "s")
        await user.sees("Group     models that share weights")
        at = user.cursor
        await user.presses("end", "enter")
        assert "by size ↓, grouped" in user.order
        assert user.cursor == at
        first = user.names.index("llama3.1:8b")
        assert user.names[first - 1] == "sql-writer:lora"
        assert user.row("└ llama3.1:8b")
        assert user.row("sql-writer:lora")
        await user.presses("s", "end", "enter")
        assert "grouped" not in user.status


async def test_grouping_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "ui-state.json"
    async with journey(ui_state=UIState.read(file)) as user:
        await user.presses("s", "end", "enter")
    async with journey(ui_state=UIState.read(file)) as user:
        assert "by modified ↓, grouped" in user.order


async def test_backslash_turns_the_order_around() -> None:
    async with journey() as user:
        newest = user.names[0]
        await user.presses("\\")
        assert user.names[-1] == newest


async def test_cloud_models_come_last_whichever_way_sizes_are_sorted() -> None:
    async with journey() as user:
        for _ in range(2):
            await user.presses("2")
            assert all(name.endswith("-cloud") for name in user.names[-2:])


async def test_space_marks_and_goes_on_to_the_next() -> None:
    async with journey() as user:
        first, second = user.names[:2]
        await user.presses("space")
        assert user.marked == {first}
        assert user.cursor == second
        assert "✓" in user.row(first)
        assert "1 marked" in user.status
        await user.presses("k", "space")
        assert user.marked == set()


async def test_v_marks_from_the_nearest_mark_to_the_cursor() -> None:
    async with journey() as user:
        await user.presses("space", "j", "j", "v")
        assert user.marked == set(user.names[:4])


async def test_all_none_and_invert_act_on_what_is_shown() -> None:
    async with journey() as user:
        await user.filters("gemma")
        shown = set(user.names)
        await user.presses("a")
        assert user.marked == shown
        await user.presses("*")
        assert user.marked == set()
        await user.presses("space", "*")
        assert user.marked == shown - {user.names[0]}
        await user.presses("A")
        assert user.marked == set()


async def test_marks_survive_filter_sort_and_refresh() -> None:
    async with journey() as user:
        await user.presses("space", "space")
        marked = user.marked
        await user.filters("mixtral")
        await user.presses("2", "escape", "R")
        assert user.marked == marked


async def test_the_mark_of_a_model_that_is_gone_goes_too() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("space")
        name = next(name for name in demo.store.entries if name.display == "qwen3:1.7b")
        demo.store.remove(name)
        await user.presses("R")
        await user.until(lambda: user.marked == set(), "no mark")
        assert "marked" not in user.status


async def test_marked_models_are_what_a_deletion_is_about_even_when_hidden() -> None:
    async with journey() as user:
        await user.presses("space", "space")
        await user.filters("mixtral")
        await user.presses("d")
        await user.sees("Delete 2 models?", "studio/reviewer:latest", "gpt-oss:20b")
        await user.presses("n")


async def test_is_marked_shows_only_the_marked() -> None:
    async with journey() as user:
        await user.presses("space", "space")
        marked = user.marked
        await user.filters("is:marked")
        assert set(user.names) == marked


async def test_a_mark_is_taken_off_under_a_filter_for_marks() -> None:
    async with journey() as user:
        await user.presses("space", "space", "space")
        _, second, third = sorted(user.marked, key=user.names.index)
        await user.filters("is:marked")
        await user.presses("g", "space")
        assert user.names == [second, third]
        assert user.cursor == second
        await user.presses("space", "space")
        assert user.names == []
        await user.presses("space")
        assert "There is no model under the cursor." in user.toasts


async def test_a_wrong_filter_is_not_left_so_keys_typed_ahead_act_on_nothing() -> None:
    async with journey() as user:
        for key in (*"/has:vision", "enter", "d"):
            user.strikes(key)
        await user.sees("Did you mean cap:vision")
        assert not user.in_dialog


async def test_a_word_that_models_are_not_called_but_can_do_is_offered_as_that() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("vision")
        await user.sees("1 of 36 models", "tab makes it cap:vision; “vision” matches names only")
        await user.presses("tab", "enter")
        await user.sees("4 of 36 models", "/ cap:vision")


async def test_a_word_typed_before_others_is_told_to_be_no_capability() -> None:
    async with journey() as user:
        await user.presses("/")
        await user.types("vision size:<8g")
        await user.sees("“vision” matches names only. Did you mean cap:vision?")
        await user.presses("escape", "/")
        await user.types("loaded qwen")
        await user.sees("“loaded” matches names only. Did you mean is:loaded?")
