"""Journeys through the form that creates a model: keys in, request out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Message, Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.model import Model
from ollama_tui.tui.dialogs.choice import Confirm
from ollama_tui.tui.dialogs.create import CreateAnswer, CreateDialog
from ollama_tui.tui.dialogs.create_parts import (
    LicenseDialog,
    MessageDialog,
    ParameterDialog,
    escaped,
)
from tests.domain.models import a_model
from tests.tui.dialogs.driver import DialogUser, OneDialog

BASE = a_model("qwen3:1.7b", size=3_400_000_000, quantization_level="F16", format="gguf")
OTHER = a_model("gemma3:4b", quantization_level="Q4_K_M", format="gguf")
SHOW = Show(
    system="You are terse.",
    template="{{ .Prompt }}!",
    license="MIT",
    parameters='stop   "</s>"\ntemperature   0.6',
    messages=[Message("user", "hi"), Message("assistant", "hello")],
)
UNTOUCHED = CreateRequest(model="qwen3:1.7b-custom", from_="qwen3:1.7b")


class FormUser(DialogUser[CreateDialog]):
    """What a person does and sees in the form."""

    async def clear(self) -> None:
        await self.press("ctrl+e", "ctrl+u")

    async def turn_to(self, title: str) -> None:
        for _ in range(7):
            if self.dialog.tab.id == title:
                return
            await self.press("ctrl+n")
        raise AssertionError(f"there is no tab {title}")

    @property
    def answer(self) -> CreateRequest | None:
        assert len(self.host.answers) == 1, "the form is still open"
        answer: CreateAnswer | None = self.host.answers[0]
        return answer.request if answer else None


OTHER_SHOW = Show(
    system="You are merry.",
    parameters='stop   "<end>"\nnum_ctx   8192',
    messages=[Message("user", "ho")],
)


async def nothing_is_known(_: Model) -> Show:
    raise OllamaError("The server does not say.", "")


class Server:
    """Says what a model brings when it is told to."""

    def __init__(self, *, answers: bool = False) -> None:
        self.asked: list[str] = []
        self.let_it_answer = asyncio.Event()
        if answers:
            self.let_it_answer.set()

    async def __call__(self, model: Model) -> Show:
        self.asked.append(model.name)
        await self.let_it_answer.wait()
        return OTHER_SHOW


@asynccontextmanager
async def a_form(
    base: Model | None = BASE,
    show: Show | None = SHOW,
    *,
    details: Callable[[Model], Awaitable[Show]] = nothing_is_known,
    edit: bool = False,
    models: Sequence[Model] = (BASE, OTHER),
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[FormUser]:
    dialog = CreateDialog(tuple(models), base, show, details, edit=edit)
    host = OneDialog(dialog)
    async with host.run_test(size=size) as pilot:
        await pilot.pause()
        yield FormUser(pilot, host, dialog)


# ---- coming and going


async def test_the_form_opens_with_a_free_name_and_sends_it_with_one_key() -> None:
    async with a_form() as form:
        assert "Create a model from qwen3:1.7b" in form.screen
        await form.press("ctrl+g")
        assert form.answer == UNTOUCHED


async def test_escape_leaves_an_untouched_form_at_once() -> None:
    async with a_form() as form:
        await form.press("escape")
        assert form.answer is None


async def test_escape_asks_before_what_was_typed_is_lost() -> None:
    async with a_form() as form:
        await form.write("x")
        await form.press("escape")
        assert isinstance(form.host.screen, Confirm)
        await form.press("n")
        assert form.is_open
        await form.press("escape", "y")
        assert form.answer is None


async def test_the_line_at_the_bottom_creates_too() -> None:
    async with a_form() as form:
        await form.press("shift+tab", "shift+tab", "enter")
        assert form.answer == UNTOUCHED


async def test_without_any_model_the_base_is_typed() -> None:
    async with a_form(None, None, models=()) as form:
        assert "Type the name of a model." in form.screen
        await form.write("mine")
        await form.press("enter")
        await form.write("qwen3:8b")
        assert "qwen3:8b is not on the server, which pulls it first." in form.screen
        await form.press("ctrl+g")
        assert form.answer == CreateRequest(model="mine", from_="qwen3:8b")


@pytest.mark.parametrize("part", ["form", "parameter"])
async def test_what_is_merely_missing_is_no_error_before_it_is_sent(part: str) -> None:
    async with a_form(None, None, models=()) as form:
        if part == "parameter":
            await form.turn_to("parameters")
            await form.press("a")
        assert "Type the name of a" in form.screen
        assert not form.host.screen.query_one(".message").has_class("-problem")
        await form.press("ctrl+g")
        assert form.host.screen.query_one(".message").has_class("-problem")


async def test_arrows_on_the_strip_turn_the_tabs() -> None:
    async with a_form() as form:
        await form.press("shift+tab", "right", "right")
        assert form.dialog.tab.id == "parameters"
        await form.press("left")
        assert form.dialog.tab.id == "prompt"


@pytest.mark.parametrize(("on", "back"), [("ctrl+n", "ctrl+o"), ("pagedown", "pageup")])
async def test_keys_turn_the_tabs_from_a_field(on: str, back: str) -> None:
    async with a_form() as form:
        await form.press(on)
        assert form.dialog.tab.id == "prompt"
        await form.press("ctrl+o", back)
        assert form.dialog.tab.id == "preview"


# ---- names


async def test_a_mistake_is_said_while_it_is_typed_and_nothing_is_sent() -> None:
    async with a_form() as form:
        await form.write("!")
        assert "A tag cannot contain “!”" in form.screen
        await form.turn_to("license")
        await form.press("ctrl+g")
        assert form.is_open
        assert form.dialog.tab.id == "base"


async def test_replacing_a_model_is_announced_whatever_its_case() -> None:
    async with a_form() as form:
        await form.clear()
        await form.write("GEMMA3:4B")
        assert "Replaces gemma3:4b (1 GB), which already exists." in form.screen
        await form.press("ctrl+g")
        assert "Replace gemma3:4b, which already exists?" in form.screen
        await form.press("n")
        assert form.is_open
        await form.press("ctrl+g", "y")
        assert not form.is_open


async def test_the_base_is_completed_from_the_installed_models() -> None:
    async with a_form() as form:
        await form.press("tab")
        await form.clear()
        await form.write("gem")
        await form.press("right")
        assert "Create a model from gemma3:4b" in form.screen
        assert "gemma3:4b-custom" in form.screen
        await form.press("ctrl+g")
        assert form.answer == CreateRequest(model="gemma3:4b-custom", from_="gemma3:4b")


# ---- what another base brings


async def test_down_and_up_choose_the_base_from_the_models_that_match() -> None:
    async with a_form(models=(BASE, OTHER, a_model("gemma3:12b"))) as form:
        await form.press("tab")
        await form.write("mma")
        assert "Installed" in form.screen
        await form.press("down")
        assert "▸ gemma3:12b" in form.screen
        await form.press("down", "down")
        assert "▸ gemma3:4b" in form.screen
        await form.press("up", "up")
        assert form.dialog.form.base == "mma"
        await form.press("down", "down", "ctrl+g")
        assert form.answer == CreateRequest(model="gemma3:4b-custom", from_="gemma3:4b")


async def test_down_in_an_untouched_base_lists_all_models_and_changes_nothing_yet() -> None:
    async with a_form(models=(BASE, OTHER, a_model("gemma3:12b"))) as form:
        await form.press("tab")
        assert "Installed" not in form.screen
        await form.press("down")
        assert "▸ qwen3:1.7b" in form.screen
        assert form.dialog.form == form.dialog.start
        await form.press("up")
        assert "▸ gemma3:4b" in form.screen
        await form.press("up", "up")
        focused = form.host.focused
        assert focused is not None
        assert focused.id == "name"
        assert form.dialog.form.base == "gemma3:12b"


async def test_enter_goes_on_from_the_base_and_never_creates() -> None:
    async with a_form() as form:
        await form.press("enter", "enter")
        assert form.dialog.tab.id == "prompt"
        assert form.is_open


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10)])
async def test_the_first_tab_looks_the_same_after_another_one(size: tuple[int, int]) -> None:
    async with a_form(size=size) as form:
        before = left_of_the_preview(form)
        await form.press("ctrl+n", "ctrl+o")
        assert left_of_the_preview(form) == before


async def test_what_the_base_brings_is_told_whole_where_there_is_room() -> None:
    async with a_form(size=(120, 40)) as form:
        await form.sees("2 messages, a")
        assert "license" in "".join(left_of_the_preview(form))


def left_of_the_preview(form: FormUser) -> list[str]:
    return [line[:60].rstrip() for line in form.screen.splitlines()]


@pytest.mark.parametrize("base", ["nothing", "QWEN3:1.7B"])
async def test_down_stays_in_the_base_whatever_it_holds(base: str) -> None:
    async with a_form() as form:
        await form.press("tab")
        await form.write(base)
        await form.press("down", "down", "enter")
        assert form.dialog.tab.id == "prompt"
        assert form.is_open


async def test_a_base_is_typed_in_place_of_the_one_before() -> None:
    async with a_form() as form:
        await form.press("tab")
        await form.write("gemma3:4b")
        assert form.dialog.form.base == "gemma3:4b"


async def test_a_name_that_was_typed_stays_with_another_base() -> None:
    async with a_form() as form:
        await form.write("2")
        await rebased(form)
        await form.press("ctrl+g")
        assert form.answer == CreateRequest(model="qwen3:1.7b-custom2", from_="gemma3:4b")


async def rebased(form: FormUser, base: str = "gemma3:4b") -> None:
    await form.press("tab")
    await form.clear()
    await form.write(base)


async def adds_a_stop(form: FormUser, text: str = "###\n") -> None:
    await form.turn_to("parameters")
    await form.press("a")
    await form.write(f"stop\n{text}")


async def test_another_base_is_asked_about_and_what_it_brings_is_shown() -> None:
    server = Server(answers=True)
    async with a_form(details=server) as form:
        await rebased(form)
        await form.sees("Brings a system prompt, 2 parameters, 1 message")
        await form.turn_to("prompt")
        assert "System prompt — inherited from gemma3:4b" in form.screen
        assert "You are merry." in form.screen
        await form.turn_to("parameters")
        assert "8192" in form.screen
        assert server.asked == ["gemma3:4b"]


async def test_the_first_base_is_still_known_after_another_one() -> None:
    server = Server(answers=True)
    async with a_form(details=server) as form:
        await rebased(form)
        await form.clear()
        await form.write("qwen3:1.7b")
        assert "Brings a system prompt, a template, 2 parameters" in form.screen
        assert server.asked == ["gemma3:4b"]


@pytest.mark.parametrize("answers", ["before", "between", "after"])
async def test_what_is_added_is_the_same_whenever_the_server_answers(answers: str) -> None:
    server = Server(answers=answers == "before")
    async with a_form(details=server) as form:
        await rebased(form)
        assert ("Asking what gemma3:4b brings" in form.screen) is (answers != "before")
        await adds_a_stop(form, "###")
        if answers == "between":
            server.let_it_answer.set()
            await form.settle()
        await form.press("enter")
        await form.turn_to("messages")
        await form.press("a")
        await form.write("hey")
        await form.press("ctrl+g")
        server.let_it_answer.set()
        await form.settle()
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.parameters == {"stop": ["<end>", "###"]}
        assert [m.content for m in answer.messages] == ["ho", "hey"]


async def test_a_list_that_is_added_to_is_sent_once_the_server_has_answered() -> None:
    server = Server()
    async with a_form(details=server) as form:
        await rebased(form)
        await adds_a_stop(form)
        await form.press("ctrl+g")
        assert form.is_open
        server.let_it_answer.set()
        await form.settle()
        answer = form.answer
        assert answer is not None
        assert answer.parameters == {"stop": ["<end>", "###"]}


async def test_typing_on_takes_back_a_create_that_waits_for_the_server() -> None:
    server = Server()
    async with a_form(details=server) as form:
        await rebased(form)
        await adds_a_stop(form)
        await form.press("ctrl+g", "a")
        await form.write("top_k\n5\n")
        server.let_it_answer.set()
        await form.settle()
        assert form.is_open


async def test_what_the_server_does_not_say_is_called_unknown() -> None:
    async with a_form() as form:
        await rebased(form)
        await form.sees("What gemma3:4b brings is")
        await form.turn_to("prompt")
        assert "System prompt — not known; it stays unless replaced" in form.screen
        await form.turn_to("parameters")
        assert "a name added here replaces all of it." in form.screen


async def test_the_form_can_be_left_while_the_server_is_asked() -> None:
    server = Server()
    async with a_form(details=server) as form:
        await rebased(form)
        await form.press("escape", "y")
        server.let_it_answer.set()
        await form.settle()
        assert form.answer is None


# ---- prompt


async def test_a_prompt_is_edited_and_the_untouched_template_is_not_sent() -> None:
    async with a_form() as form:
        await form.turn_to("prompt")
        assert "System prompt — inherited from qwen3:1.7b" in form.screen
        await form.press("end")
        await form.write("\nRhyme.")
        assert "System prompt — changed" in form.screen
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert (answer.system, answer.template) == ("You are terse.\nRhyme.", "")


async def test_a_prompt_that_is_cleared_stays_and_the_form_says_so() -> None:
    async with a_form() as form:
        await form.turn_to("prompt")
        await form.press("end", "ctrl+u")
        assert "Create cannot clear an inherited system prompt" in form.screen
        await form.press("ctrl+g")
        assert form.answer == UNTOUCHED


async def test_another_base_takes_its_prompt_along() -> None:
    async with a_form() as form:
        await form.press("tab")
        await form.clear()
        await form.write("gemma3:4b")
        await form.turn_to("prompt")
        assert "You are terse." not in form.screen
        await form.write("Hi")
        await form.press("ctrl+g")
        assert form.answer == CreateRequest(
            model="gemma3:4b-custom", from_="gemma3:4b", system="Hi"
        )


async def test_hostile_text_is_shown_literally_and_not_sent() -> None:
    hostile = Show(
        system="[red]a[/nope]\x1b]52;c;x\x07\u202e",
        parameters='stop   "[/x]\\x1b[2J"',
        messages=[Message("[b]", "\x1b[31m[/i]\x9b")],
        license="[link=x]\x1b",
    )
    async with a_form(show=hostile) as form:
        seen = ""
        for _ in range(7):
            await form.press("ctrl+n")
            seen += form.screen
        assert "[red]a[/nope]" in seen
        assert "[/x]" in seen
        assert "[link=x]" in seen
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(seen)
        await form.press("ctrl+g")
        assert form.answer == UNTOUCHED


# ---- parameters


async def test_a_parameter_is_added_by_the_beginning_of_its_name() -> None:
    async with a_form() as form:
        await form.turn_to("parameters")
        await form.press("a")
        assert isinstance(form.host.screen, ParameterDialog)
        await form.write("num_c")
        assert "Did you mean num_ctx?" in form.screen
        await form.press("tab")
        assert "whole number of 1 or more, default memory-based" in form.screen
        await form.write("4k")
        assert "num_ctx takes a whole number." in form.screen
        await form.press("enter")
        assert isinstance(form.host.screen, ParameterDialog)
        await form.press("backspace")
        await form.write("096\n")
        assert "num_ctx" in form.screen
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.parameters == {"num_ctx": 4096}


async def test_an_inherited_parameter_is_changed_but_not_removed() -> None:
    async with a_form() as form:
        await form.turn_to("parameters")
        await form.press("d")
        assert "temperature is inherited: create cannot remove it." in form.said
        await form.press("enter")
        await form.write("0.2\n")
        assert "was 0.6" in form.screen
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.parameters == {"temperature": 0.2}


async def test_a_stop_text_is_typed_with_escapes_and_added_to_those_there_are() -> None:
    async with a_form() as form:
        await form.turn_to("parameters")
        await form.press("a")
        await form.write("stop\n\\nUser \n")
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.parameters == {"stop": ["</s>", "\nUser "]}


@pytest.mark.parametrize("text", ["</s>", "a\\nb", "\n\t\r", "\x1b[2J\u202e", "\N{BROKEN HEART}"])
def test_an_escaped_text_is_one_inert_line_that_means_the_text(text: str) -> None:
    from ollama_tui.domain.modelfile.parameters import unquoted
    from ollama_tui.formatting import inert

    assert unquoted(escaped(text)) == text
    assert inert(escaped(text)) == escaped(text)


# ---- messages and licenses


async def test_messages_are_added_by_turns_and_put_in_order() -> None:
    async with a_form() as form:
        await form.turn_to("messages")
        assert "Inherited." in form.screen
        await form.press("a")
        assert isinstance(form.host.screen, MessageDialog)
        await form.write("ok")
        await form.press("ctrl+g")
        assert "Sent in place of all 2 inherited ones." in form.screen
        await form.press("K", "K")
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.messages == [
            Message("user", "ok"),
            Message("user", "hi"),
            Message("assistant", "hello"),
        ]


async def test_ctrl_r_puts_a_message_back_to_what_it_was() -> None:
    async with a_form() as form:
        await form.turn_to("messages")
        await form.press("enter")
        dialog = form.host.screen
        assert isinstance(dialog, MessageDialog)
        await form.write("more")
        assert dialog.text != "hi"
        await form.press("ctrl+r")
        assert dialog.text == "hi"


async def test_a_message_changes_its_role_and_keeps_its_text() -> None:
    raw = Show(messages=[Message("user", "a\u200bb"), Message("assistant", "yes")])
    async with a_form(show=raw) as form:
        await form.turn_to("messages")
        await form.press("enter", "shift+tab", "left", "ctrl+g")
        await form.press("j", "d")
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.messages == [Message("system", "a\u200bb")]


async def test_an_empty_message_is_not_kept() -> None:
    async with a_form() as form:
        await form.turn_to("messages")
        await form.press("a", "ctrl+g")
        assert "Nothing is filled in yet." in form.screen
        await form.press("escape", "escape")
        assert form.answer is None


async def test_a_license_is_added_to_the_inherited_one() -> None:
    async with a_form() as form:
        await form.turn_to("license")
        assert "Inherited and kept: MIT" in form.screen
        await form.press("a")
        assert isinstance(form.host.screen, LicenseDialog)
        await form.write("No evil.")
        await form.press("ctrl+g", "ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.license == ["No evil."]


# ---- quantizing and preview


async def test_an_f16_model_is_quantized() -> None:
    async with a_form() as form:
        await form.turn_to("quantize")
        assert "~1.8 GB" in form.screen
        await form.press("down", "enter")
        assert "Writes new weights of about 1.8 GB." in form.screen
        await form.press("ctrl+g")
        answer = form.answer
        assert answer is not None
        assert answer.quantize == "Q8_0"


async def test_why_a_model_cannot_be_quantized_stands_in_place_of_the_types() -> None:
    async with a_form(OTHER) as form:
        await form.turn_to("quantize")
        assert "gemma3:4b is Q4_K_M already: only F16, BF16 and F32" in form.screen
        assert "enter choose" not in form.screen


async def test_the_preview_is_the_modelfile_then_curl_then_the_changes() -> None:
    async with a_form() as form:
        await form.turn_to("prompt")
        await form.press("end")
        await form.write(" Rhyme.")
        await form.turn_to("preview")
        assert "SYSTEM You are terse. Rhyme." in form.screen
        await form.press("v")
        assert '"system": "You are terse. Rhyme."' in form.screen
        await form.press("v")
        assert "-SYSTEM You are terse.\n +SYSTEM You are terse. Rhyme." in form.screen


async def test_where_there_is_room_the_preview_follows_what_is_typed() -> None:
    async with a_form(size=(120, 30)) as form:
        await form.turn_to("prompt")
        await form.press("end")
        await form.write(" Rhyme.")
        assert "SYSTEM You are terse. Rhyme." in form.screen
        await form.press("tab", "tab", "tab", "tab")
        assert form.host.focused is None or form.host.focused.id != "text"
        await form.turn_to("preview")
        assert form.screen.count("SYSTEM You are terse. Rhyme.") == 1


async def test_a_form_that_becomes_wide_shows_the_preview_at_once() -> None:
    async with a_form() as form:
        assert "FROM qwen3:1.7b" not in form.screen
        await form.pilot.resize_terminal(120, 30)
        await form.pilot.pause()
        assert "FROM qwen3:1.7b" in form.screen


async def test_editing_keeps_the_name_and_shows_the_difference() -> None:
    async with a_form(edit=True) as form:
        assert "Edit qwen3:1.7b" in form.screen
        assert "Nothing is changed yet." in form.screen
        await form.press("ctrl+g")
        assert form.is_open
        await form.turn_to("parameters")
        await form.press("enter")
        await form.write("1\n")
        await form.turn_to("preview")
        assert "-PARAMETER temperature 0.6\n +PARAMETER temperature 1.0" in form.screen
        assert "Changes qwen3:1.7b in place." in form.screen
        await form.press("ctrl+g")
        assert form.answer == CreateRequest(
            model="qwen3:1.7b", from_="qwen3:1.7b", parameters={"temperature": 1.0}
        )


# ---- a slow link, long texts


async def test_nothing_blinks() -> None:
    async with a_form() as form:
        fields = [*form.host.screen.query("Input, TextArea")]
        for tab in ("parameters", "messages"):
            await form.turn_to(tab)
            await form.press("a")
            fields += form.host.screen.query("Input, TextArea")
            await form.press("escape")
        assert len(fields) == 7
        assert not any(getattr(field, "cursor_blink") for field in fields)  # noqa: B009


async def test_texts_of_megabytes_are_inherited_without_being_loaded() -> None:
    long = "x" * 3_000_000
    show = Show(system=long, license=long, messages=[Message("user", long)])
    async with a_form(show=show) as form:
        await form.turn_to("prompt")
        assert "The inherited system prompt is too long to show here" in form.screen
        await form.turn_to("messages")
        await form.press("enter")
        assert "This text is too long to edit here." in form.said
        await form.turn_to("license")
        assert "(3 MB)" in form.screen
        await form.turn_to("preview")
        await form.press("v", "v", "ctrl+g")
        assert form.answer == UNTOUCHED


# ---- sizes


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (80, 24)])
async def test_the_value_of_a_parameter_is_shown_before_what_else_there_is(
    size: tuple[int, int],
) -> None:
    show = Show(parameters='stop   "<|im_start|>"\nnum_ctx   16384')
    async with a_form(show=show, size=size) as form:
        await form.turn_to("parameters")
        for words in ("NAME", "VALUE", "num_ctx", "16384", "<|im_start|>"):
            assert words in form.screen
        assert "…" not in form.screen
        assert ("inherited\n" in form.screen) is (size[0] > 40)
        assert ("DEFAULT" in form.screen) is (size[0] > 60)


@pytest.mark.parametrize(("length", "origin"), [(14, True), (15, False)])
async def test_a_long_value_takes_the_room_of_where_it_is_from(length: int, origin: bool) -> None:
    show = Show(parameters=f'stop   "{"x" * length}"')
    async with a_form(show=show, size=(60, 16)) as form:
        await form.turn_to("parameters")
        assert "x" * length in form.screen
        assert ("inherited" in form.screen.partition("VALUE")[2]) is origin


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (80, 24), (120, 40), (200, 60)])
async def test_fields_and_keys_are_in_view_at_every_size(size: tuple[int, int]) -> None:
    async with a_form(size=size) as form:
        assert "qwen3:1.7b-custom" in form.screen
        assert "Base, the model to start from\n  qwen3:1.7b" in form.screen
        assert "Create ctrl+g" in form.screen
        await form.turn_to("prompt")
        assert "You are terse." in form.screen
        assert "{{ .Prompt }}!" in form.screen
        await form.turn_to("parameters")
        assert "temperature" in form.screen
        await form.press("a")
        await form.write("seed\n")
        assert "Value" in form.screen
        assert "seed takes a whole number." in form.screen


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (80, 24), (120, 40)])
async def test_the_dialogs_of_parts_say_what_they_ask_and_their_keys_at_every_size(
    size: tuple[int, int],
) -> None:
    async with a_form(size=size) as form:
        for tab, asked, goes in (
            ("parameters", "Add a parameter", "enter set"),
            ("messages", "Add a message", "ctrl+g keep"),
            ("license", "Add a license", "ctrl+g keep"),
        ):
            await form.turn_to(tab)
            assert "a add   enter change   d remove" in form.screen
            await form.press("a")
            for words in (asked, goes, "esc cancel"):
                assert words in form.screen
            await form.press("escape")


@pytest.mark.parametrize("rows", [10, 14, 19, 20])
async def test_all_of_the_dialog_for_a_parameter_fits(rows: int) -> None:
    async with a_form(size=(60, rows)) as form:
        await form.turn_to("parameters")
        await form.press("a")
        for words in ("Add a parameter", "num_ctx", "Value", "Type the name", "esc cancel"):
            assert words in form.screen
        await form.write("stop\n")
        for words in ("Add a parameter", "stop", "text", "Value", "esc cancel"):
            assert words in form.screen
