"""The details pane keeps its tab from model to model and its place in the same text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from textual.pilot import Pilot

from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.domain.model import Model
from ollama_tui.tui.look import ASCII_SIGNS
from ollama_tui.tui.widgets.details import DetailsPane, Subject
from tests.tui.widgets.screens import OneWidget, screen_lines

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ONE = Model(ListedModel(name="one:1b", digest="1" * 64))
TWO = Model(ListedModel(name="two:1b", digest="2" * 64))
CLOUD = Model(
    ListedModel(name="far:cloud", digest="3" * 64, remote_host="https://x", remote_model="y")
)


def show(pane: DetailsPane, model: Model | None, details: Show | None) -> None:
    pane.show(Subject(model, details, NOW) if model is not None else None)


def five_minutes_old() -> Model:
    modified = (NOW - timedelta(minutes=5)).isoformat()
    return Model(ListedModel(name="one:1b", digest="1" * 64, modified_text=modified))


async def screen(pilot: Pilot[None]) -> str:
    await pilot.pause(0)
    return "\n".join(screen_lines(pilot.app))


async def test_the_tab_waits_for_a_model_that_has_it() -> None:
    pane = DetailsPane()
    async with OneWidget(pane).run_test(size=(60, 12)) as pilot:
        show(pane, ONE, Show(system="Be one.", template="T one"))
        pane.tabs.action_move(1)
        pane.tabs.action_move(1)
        assert "Be one." in await screen(pilot)
        show(pane, TWO, Show(template="T two"))
        assert "two:1b" in await screen(pilot)
        show(pane, ONE, Show(system="Be one.", template="T one"))
        assert "Be one." in await screen(pilot)


async def test_nothing_chosen_shows_nothing() -> None:
    pane = DetailsPane()
    async with OneWidget(pane).run_test(size=(60, 12)) as pilot:
        show(pane, ONE, Show(system="Be one."))
        show(pane, None, None)
        assert (await screen(pilot)).strip() == ""


async def test_a_prepared_model_is_shown_with_what_is_known_by_then() -> None:
    pane, model = DetailsPane(), five_minutes_old()
    async with OneWidget(pane).run_test(size=(60, 40)) as pilot:
        show(pane, TWO, None)
        pane.prepare(Subject(model, None, NOW))
        show(pane, model, Show(capabilities=["completion", "vision"]))
        assert "vision" in await screen(pilot)
        show(pane, TWO, None)
        pane.prepare(Subject(model, None, NOW, also=("uno:1b",)))
        show(pane, model, None)
        assert "uno:1b" not in await screen(pilot)


async def test_ages_of_a_prepared_model_are_never_old() -> None:
    pane, model = DetailsPane(), five_minutes_old()
    async with OneWidget(pane).run_test(size=(60, 40)) as pilot:
        pane.prepare(Subject(model, None, NOW))
        pane.show(Subject(model, None, NOW + timedelta(minutes=2)))
        assert "7 minutes ago" in await screen(pilot)
        pane.show(Subject(model, None, NOW + timedelta(minutes=2, seconds=61)))
        assert "8 minutes ago" in await screen(pilot)
        show(pane, TWO, None)
        pane.show(Subject(model, None, NOW + timedelta(minutes=3, seconds=59)))
        assert "8 minutes ago" in await screen(pilot)


async def test_trouble_is_said_of_the_model_it_is_about_only() -> None:
    pane = DetailsPane()
    async with OneWidget(pane).run_test(size=(60, 18)) as pilot:
        show(pane, ONE, None)
        pane.show_problem(ONE, "The details were not read.", "Try again.")
        assert "The details were not read." in await screen(pilot)
        show(pane, TWO, None)
        assert "not read" not in await screen(pilot)
        show(pane, ONE, Show())
        assert "not read" not in await screen(pilot)


async def test_a_cloud_model_offers_to_ask() -> None:
    pane = DetailsPane()
    async with OneWidget(pane).run_test(size=(90, 24)) as pilot:
        show(pane, CLOUD, None)
        assert "enter asks the server for more" in await screen(pilot)


async def test_arrays_are_shown_with_the_metadata_they_belong_to() -> None:
    pane = DetailsPane()
    details = Show(model_info={"tokens": None})
    async with OneWidget(pane).run_test(size=(60, 12)) as pilot:
        show(pane, ONE, details)
        pane.show_arrays(ONE, {"tokens": '["a","b"]'})
        assert '["a","b"]' in await screen(pilot)
        show(pane, TWO, details)
        assert "f fetches" in await screen(pilot)


async def test_what_is_searched_is_found_and_remembered() -> None:
    pane = DetailsPane()
    details = Show(system="\n".join(f"word {n}" for n in range(100)))
    async with OneWidget(pane).run_test(size=(60, 12)) as pilot:
        show(pane, ONE, details)
        pane.tabs.action_move(1)
        await pilot.pause(0)
        assert pane.text.find("WORD 77")
        assert "word 77" in await screen(pilot)
        assert pane.text.searched == "WORD 77"
        assert pane.text.found == (1, 1)
        assert not pane.text.find("nowhere")
        assert not pane.text.find_again(backwards=True)


async def test_on_a_plain_terminal_the_scroll_bar_is_ascii() -> None:
    pane = DetailsPane()
    app = OneWidget(pane)
    app.signs = ASCII_SIGNS
    async with app.run_test(size=(60, 12)) as pilot:
        show(pane, ONE, Show(system="\n".join(f"word {n}" for n in range(100))))
        pane.tabs.action_move(1)
        text = await screen(pilot)
    assert "#" in text
    assert text.isascii()
