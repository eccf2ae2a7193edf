"""The screens whose layout is held, and how a person gets to each.

Every screen is entered in a terminal of 120x40 and then seen at each of the sizes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ollama_tui.demo.release import BEFORE_LISTS
from ollama_tui.services.jobs import entries
from ollama_tui.services.jobs.tasks import Pull
from ollama_tui.tui.actions.resume import REST_SECONDS
from tests.pictures.cells import Screen, screen_of
from tests.pictures.scenes import an_edit, the_disk, the_fit, the_outdated, the_pulls, the_running
from tests.pictures.stage import Guide, stage, write_gguf

SIZES = ((120, 40), (200, 60), (80, 24), (40, 10))
REVIEWER, SMALL, LARGE, PRECISE = (
    "studio/reviewer:latest",
    "qwen3:1.7b",
    "qwen3:30b-a3b",
    "tinyllama:1.1b-chat-fp16",
)
PULLS = (
    entries.Entry(Pull("gemma3:12b", expected=8_149_190_253), done=4_980_000_000),
    entries.Entry(Pull("qwen3:4b")),
)
DRAFT = f'FROM {REVIEWER}\nSYSTEM """Answer in verse."""\n'
Steps = Callable[[Guide], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen: the steps to it, and what differs from the usual."""

    steps: Steps
    theme: str = ""
    offline: bool = False
    """Whether the server does not answer."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """What else differs from the usual stage."""
    sizes: tuple[tuple[int, int], ...] = SIZES


def keys(*pressed: str, on: str = "", sees: str = "") -> Steps:
    """Return the steps of pressing keys on a model, until something is seen."""

    async def steps(user: Guide) -> None:
        if on:
            await user.goes_to(on)
        await user.presses(*pressed)
        if sees:
            await user.sees(sees)

    return steps


def typed(opening: str, text: str, *after: str, on: str = "") -> Steps:
    """Return the steps of opening something by a key and typing into it."""

    async def steps(user: Guide) -> None:
        await keys(opening, on=on)(user)
        await user.types(text)
        await user.presses(*after)

    return steps


async def marked(user: Guide) -> None:
    """Mark two models."""
    for name in (SMALL, LARGE):
        await user.goes_to(name)
        await user.presses("space")


async def outdated(user: Guide) -> None:
    """The list with the signs of what is outdated."""
    await user.presses("o")
    await user.sees("3 outdated")
    await user.presses("escape")


async def updating(user: Guide) -> None:
    """The question before an update."""
    await the_outdated(user)
    await user.presses("u")


async def deleting(user: Guide) -> None:
    """Delete the marked models, and look while it can be undone."""
    await marked(user)
    await user.presses("d", "y")
    await user.waits(2.0)


async def deleting_locked(user: Guide) -> None:
    """Lock a model, and say yes to the first question about deleting it."""
    await user.goes_to(SMALL)
    await user.presses(":")
    await user.types("lock")
    await user.presses("enter")
    await user.sees(f"{SMALL} is locked.")
    await user.presses("d", "y")
    await user.sees("Delete it all the same?")


async def deleting_in_storage(user: Guide) -> None:
    """Delete two models in storage, and look while it can be undone."""
    await the_disk(user)
    await user.presses("d", "y")
    await user.waits(2.0)


async def tab(user: Guide, title: str) -> None:
    """Open the details of the reviewer at a tab."""
    await user.goes_to(REVIEWER)
    await user.presses("enter")
    await user.turns_to(title)


async def a_template(user: Guide) -> None:
    """The template of a model."""
    await tab(user, "{{")


async def a_modelfile(user: Guide) -> None:
    """The Modelfile of a model."""
    await tab(user, "# Modelfile generated")


async def found(user: Guide) -> None:
    """A text found in the details."""
    await a_template(user)
    await typed("/", "content", "enter")(user)


async def pulling(user: Guide) -> None:
    """A download on its way."""
    await typed("p", "qwen3:4b", "enter")(user)
    await user.comes_to_rest()
    await user.server_works(4.0)


async def leaving(user: Guide) -> None:
    """Leave while a download runs."""
    await pulling(user)
    await user.presses("q")


async def importing(user: Guide) -> None:
    """A model file before it is sent."""
    write_gguf("Tiny-Qwen-F16.gguf")
    await typed("I", "Tiny", "tab")(user)
    await user.sees("tiny-qwen:f16")


async def comparing(user: Guide) -> None:
    """Two models side by side."""
    for name in (SMALL, "qwen3:8b"):
        await user.goes_to(name)
        await user.presses("space")
    await user.presses("=")
    await user.waits(1.0)


async def looking_up(user: Guide) -> None:
    """A model of the library, looked up by its name."""
    await user.presses("L", "tab", "tab", "tab", "/")
    await user.types("qwen3:8b")
    await user.presses("enter")
    await user.sees("template")


async def overwriting(user: Guide) -> None:
    """Copy a model over another one."""
    await keys("c", on=SMALL)(user)
    await user.empties_the_field()
    await user.types("qwen3:8b")
    await user.presses("enter")


async def keeping(user: Guide) -> None:
    """Choose how long a model stays in memory."""
    await the_running(user)
    await user.presses("K")


async def cancelled(user: Guide) -> None:
    """A download that was cancelled, among others."""
    await the_pulls(user)
    await user.presses("c")
    await user.waits(1.0)


async def resuming(user: Guide) -> None:
    """The question about downloads that an earlier run left unfinished."""
    await user.waits(REST_SECONDS)
    await user.sees("Resume?")


async def with_saved_filters(user: Guide) -> None:
    """Save two filters."""
    for name, text in (("sees", "cap:vision size<8g"), ("old", "older:90d")):
        await user.filters(text)
        await user.does("save filter")
        await user.types(name)
        await user.presses("enter", "escape")
        await user.lets_toasts_go()


async def saving_a_filter(user: Guide) -> None:
    """Give a filter a name."""
    await user.filters("cap:vision size<8g")
    await user.does("save filter")
    await user.types("sees")


async def choosing_a_filter(user: Guide) -> None:
    """Choose one of the saved filters."""
    await with_saved_filters(user)
    await user.presses("@")


async def forgetting_a_filter(user: Guide) -> None:
    """Delete one of the saved filters."""
    await with_saved_filters(user)
    await user.does("forget filter")


async def comparing_texts(user: Guide) -> None:
    """The texts of two models side by side."""
    for name in (REVIEWER, "qwen2.5-coder:7b"):
        await user.goes_to(name)
        await user.presses("space")
    await user.presses("=")
    await user.waits(1.0)
    await user.presses("tab")


async def messages(user: Guide) -> None:
    """The messages a new model begins with."""
    await form("ctrl+n", "ctrl+n", "ctrl+n")(user)
    for text in ("Is this patch safe to merge?", "No: line 12 leaks a file."):
        await user.presses("a")
        await user.types(text)
        await user.presses("ctrl+g")


async def a_license(user: Guide) -> None:
    """The text of a license being typed."""
    await form("ctrl+n", "ctrl+n", "ctrl+n", "ctrl+n", "a")(user)
    await user.types("MIT License. Do what you like.")


async def forgetting(user: Guide) -> None:
    """Leave a form in which something was typed."""
    await form("ctrl+n")(user)
    await user.types("Answer in verse. ")
    await user.presses("escape")


async def told(user: Guide) -> None:
    """Messages, one of them of several lines."""
    await user.presses("%")
    user.app.tell(
        "config.toml could not be read: 3 problems.",
        "theme must be a text, line 1.\nsort must be the name of a column, line 2.\n"
        "grace must be a number from 0 to 60, line 4.",
        trouble=True,
    )
    await user.comes_to_rest()


def done(words: str, sees: str = "") -> Steps:
    """Return the steps of running an action by its words in the palette."""

    async def steps(user: Guide) -> None:
        await user.does(words)
        if sees:
            await user.sees(sees)

    return steps


def form(*pressed: str) -> Steps:
    """Return the steps into the form that creates a model."""
    return keys("C", *pressed, on=REVIEWER)


SCREENS: dict[str, Entry] = {
    "list": Entry(keys(on=LARGE)),
    "list-light": Entry(keys(on=LARGE), theme="ollama-light", sizes=SIZES[:1]),
    "list-ansi": Entry(keys(on=LARGE), theme="ansi-dark", sizes=SIZES[:1]),
    "list-marked": Entry(marked),
    "list-outdated": Entry(outdated),
    "filter": Entry(typed("/", "cap:tools size:<6g")),
    "filter-wrong": Entry(typed("/", "qwen cap:visio")),
    "filter-nothing": Entry(typed("/", "nothing is called this")),
    "details": Entry(keys("enter", on=SMALL)),
    "details-template": Entry(a_template),
    "details-modelfile": Entry(a_modelfile),
    "details-found": Entry(found),
    "keys": Entry(keys("question_mark")),
    "signs": Entry(keys("question_mark", "tab")),
    "palette": Entry(keys("colon")),
    "palette-typed": Entry(typed(":", "disk")),
    "sort": Entry(keys("s")),
    "pull": Entry(keys("p")),
    "pull-typed": Entry(typed("p", "qwen3:4b")),
    "pulling": Entry(pulling),
    "delete": Entry(keys("d", on=SMALL)),
    "delete-light": Entry(keys("d", on=SMALL), theme="ollama-light", sizes=SIZES[:1]),
    "deleting": Entry(deleting),
    "delete-locked": Entry(deleting_locked),
    "note": Entry(keys("m", on=SMALL)),
    "copy": Entry(keys("c", on=SMALL)),
    "overwrite": Entry(overwriting),
    "rename": Entry(keys("r", on=SMALL)),
    "push": Entry(keys("P", on=REVIEWER)),
    "create": Entry(form()),
    "create-prompt": Entry(form("ctrl+n")),
    "create-parameters": Entry(form("ctrl+n", "ctrl+n")),
    "create-preview": Entry(form(*["ctrl+n"] * 6)),
    "create-messages": Entry(messages),
    "create-license": Entry(a_license),
    "create-leave": Entry(forgetting),
    "create-draft": Entry(form(), given={"draft": DRAFT}),
    "edit": Entry(an_edit),
    "quantize": Entry(keys("%", on=PRECISE), given={"version": BEFORE_LISTS}),
    "unavailable": Entry(keys("%", on=PRECISE)),
    "import": Entry(importing),
    "running": Entry(the_running),
    "fit": Entry(the_fit),
    "keep": Entry(keeping),
    "unload-all": Entry(keys("X")),
    "storage": Entry(the_disk),
    "storage-light": Entry(the_disk, theme="ollama-light", sizes=SIZES[:1]),
    "storage-ansi": Entry(the_disk, theme="ansi-dark", sizes=SIZES[:1]),
    "storage-deleting": Entry(deleting_in_storage),
    "updates": Entry(the_outdated),
    "update": Entry(updating),
    "jobs": Entry(the_pulls),
    "jobs-cancelled": Entry(cancelled),
    "compare": Entry(comparing),
    "compare-texts": Entry(comparing_texts),
    "cloud": Entry(keys("L", sees="gpt-oss:120b")),
    "hub": Entry(keys("L", "tab", "tab", sees="lantern-quants")),
    "hub-files": Entry(keys("L", "tab", "tab", "enter", sees="Q4_K_M")),
    "library": Entry(looking_up),
    "hosts": Entry(keys("H")),
    "clipboard": Entry(keys("y", on=SMALL)),
    "account": Entry(done("account")),
    "account-none": Entry(done("account"), given={"signed_in": False}),
    "filter-save": Entry(saving_a_filter),
    "filter-choose": Entry(choosing_a_filter),
    "filter-forget": Entry(forgetting_a_filter),
    "columns": Entry(done("columns")),
    "themes": Entry(done("theme")),
    "leave": Entry(leaving),
    "resume": Entry(resuming, given={"pulls": PULLS}),
    "messages": Entry(told),
    "offline": Entry(keys(), offline=True),
}


async def taken(name: str) -> dict[tuple[int, int], Screen]:
    """Return a screen at each of the sizes."""
    entry = SCREENS[name]
    screens: dict[tuple[int, int], Screen] = {}
    at_first = SIZES[0]
    async with stage(at_first, theme=entry.theme, offline=entry.offline, **entry.given) as user:
        await entry.steps(user)
        await user.comes_to_rest()
        for size in entry.sizes:
            await user.resizes(*size)
            await user.comes_to_rest(1)
            screens[size] = screen_of(user.app)
    return screens
