"""Deleting: says what it costs, waits for yes, can be undone, and tells the truth afterwards."""

from __future__ import annotations

import pytest

from ollama_tui.domain.names import parse
from tests.journeys.driver import User, a_server, journey
from tests.pictures.cells import Look, screen_of


async def test_y_deletes_after_the_grace_period_and_not_before() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("d")
        await user.sees(
            "Delete qwen3:8b?", "Frees about 5.2 GB", "You have 8 seconds to undo with z."
        )
        await user.sees_no("DELETE /api/delete")
        await user.presses("v")
        await user.sees("DELETE /api/delete  {", "Frees about 5.2 GB")
        await user.presses("v")
        await user.sees_no("DELETE /api/delete")
        await user.presses("y")
        await user.sees_no("Delete qwen3:8b?")
        assert "delete qwen3:8b" in user.jobs
        await user.waits(7)
        assert demo.seen("/api/delete") == []
        await user.waits(2)
        await user.until(lambda: demo.bodies("/api/delete") == [{"model": "qwen3:8b"}])
        await user.until(lambda: "qwen3:8b" not in user.names)
        assert "qwen3:8b" not in demo.names


async def test_enter_does_nothing_and_n_and_escape_mean_no() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        for no in ("n", "escape"):
            await user.presses("d", "enter", "space")
            assert user.in_dialog
            await user.presses(no)
            assert not user.in_dialog
        await user.waits(20)
        assert demo.seen("/api/delete") == []
        assert user.jobs == ""


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_enter_in_a_question_says_which_keys_answer_and_moves_nothing(
    size: tuple[int, int],
) -> None:
    async with journey(size=size) as user:
        await user.presses("d")
        await user.sees("y delete")
        before = user.lines
        await user.presses("enter")
        await user.sees("y delete   n keep   Press y or n.")
        changed = [n for n, line in enumerate(user.lines) if line != before[n]]
        assert changed
        assert all("y delete" in before[n] or "v shows" in before[n] for n in changed)
        await user.presses("v")
        await user.sees_no("Press y or n.")
        await user.sees("DELETE /api/delete")


async def test_z_within_the_grace_period_sends_no_deletion_at_all() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("d", "y")
        await user.waits(5)
        await user.presses("z")
        await user.waits(30)
        assert demo.seen("/api/delete") == []
        await user.sees("studio/reviewer:latest")
        assert user.jobs == ""


async def test_undoing_says_so() -> None:
    async with journey() as user:
        await user.presses("d", "y", "z")
        await user.until(lambda: any("undone" in toast for toast in user.toasts), "a word of it")


async def test_z_with_nothing_to_undo_says_so() -> None:
    async with journey() as user:
        await user.presses("z")
        await user.sees("There is nothing to undo: a deletion can be undone until it is sent.")


def undo_looks(user: User) -> Look:
    """Return how the key of undo looks in the footer."""
    row = screen_of(user.app)[-1]
    text = "".join(cell.text or " " for cell in row)
    return row[text.index(" z undo ") + 1].look


@pytest.mark.parametrize("opening", ["b", "J"])
async def test_undo_is_dimmed_in_footers_while_nothing_can_be_undone(opening: str) -> None:
    async with journey(size=(80, 24)) as user:
        await user.presses("d", "y", opening)
        key = user.app.theme_variables["text-accent"]
        assert undo_looks(user).foreground == key
        assert undo_looks(user).bold
        await user.presses("z")
        await user.sees("undone; nothing was deleted.")
        assert undo_looks(user).foreground == user.app.theme_variables["text-muted"]
        assert not undo_looks(user).bold


async def test_quitting_names_a_deletion_that_was_typed_ahead_of_it() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("gemma3:12b")
        await user.presses("enter")
        await user.server_works(4)
        for key in "dyq":
            user.strikes(key)
        await user.sees("1 download is running.", "1 deletion is pending.")


@pytest.mark.parametrize("opening", ["", "b"])
async def test_undo_typed_ahead_with_the_deletion_undoes_it(opening: str) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses(*opening)
        for key in "dyz":
            user.strikes(key)
        await user.presses()
        await user.sees("undone; nothing was deleted.")
        await user.waits(20)
        assert demo.seen("/api/delete") == []


async def test_leaving_within_the_grace_period_sends_no_deletion() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("d", "y", "q")
        await user.sees("Quit? 1 deletion is pending.", "Pending deletions are dropped.")
        await user.presses("y")
        await user.until(lambda: not user.app.is_running)
    assert demo.seen("/api/delete") == []
    assert "studio/reviewer:latest" in demo.names


async def test_a_loaded_model_is_named_as_such_and_unloaded_first() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:1.7b")
        await user.presses("d")
        await user.sees("loaded; unloaded first")
        await user.presses("y")
        await user.waits(9)
        await user.until(lambda: "qwen3:1.7b" not in user.names)
        changes = [r.path for r in demo.requests if r.path in ("/api/generate", "/api/delete")]
        assert changes == ["/api/generate", "/api/delete"]


async def test_an_alias_frees_almost_nothing_and_says_for_whom_it_stays() -> None:
    async with journey() as user:
        await user.goes_to("gemma3:latest")
        await user.presses("d")
        await user.sees("Frees almost nothing", "gemma3:4b")
        await user.presses("n")


async def test_of_several_marked_the_one_that_fails_stays_listed_and_marked() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.filters("starcoder2,gemma2,mixtral")
        await user.presses("a")
        three = user.marked
        assert len(three) == 3
        demo.fail("/api/delete", 500, {"error": "permission denied"})
        await user.presses("d", "y")
        await user.waits(9)
        await user.until(lambda: len(demo.seen("/api/delete")) == 3)
        await user.until(lambda: len(user.names) == 1)
        (left,) = user.names
        assert left in three
        assert user.marked == {left}
        assert "not deleted" in " ".join([user.jobs, *user.toasts])


async def test_a_deletion_that_failed_can_be_tried_again_from_the_jobs() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        demo.fail("/api/delete", 500, {"error": "disk on fire"})
        await user.presses("d", "y")
        await user.waits(9)
        await user.sees("failed")
        assert "gemma2:2b" in user.names
        await user.presses("J", "r")
        await user.waits(9)
        await user.until(lambda: "gemma2:2b" not in demo.names)


async def test_a_model_deleted_by_somebody_else_meanwhile_is_no_failure() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("gemma2:2b")
        await user.presses("d", "y")
        name = next(name for name in demo.store.entries if name.display == "gemma2:2b")
        demo.store.remove(name)
        await user.waits(9)
        await user.until(lambda: "gemma2:2b" not in user.names)
        assert "failed" not in user.jobs


async def test_a_model_that_is_named_like_the_digest_of_another_is_not_deleted() -> None:
    demo, ticker = a_server()
    named = demo.store.entries[parse("qwen3:8b")].digest[:12]
    demo.store.entries[parse(named)] = demo.store.entries[parse("pirate")]
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to(f"{named}:latest")
        await user.presses("d", "y")
        await user.waits(9)
        said = f"{named}:latest cannot be deleted: a server takes it for the digest of qwen3:8b."
        await user.until(lambda: any(said in toast for toast in user.toasts))
        assert demo.seen("/api/delete") == []


async def test_without_a_grace_period_the_question_says_that_there_is_no_way_back() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, grace=0) as user:
        await user.presses("d")
        await user.sees("This cannot be undone.")
        await user.presses("y")
        await user.until(lambda: "studio/reviewer:latest" not in demo.names)


async def test_until_all_models_were_looked_into_the_question_says_that_it_may_be_less() -> None:
    demo, ticker = a_server()
    demo.fail("/api/show", 503, {"error": "busy"}, times=10_000)
    async with journey(demo, server_time=ticker) as user:
        await user.goes_to("qwen3:8b")
        await user.presses("d")
        await user.sees("Frees about 5.2 GB", "May free less: details of", "are still loading.")
        await user.presses("n")
    async with journey() as user:
        await user.waits(10)
        await user.goes_to("qwen3:8b")
        await user.presses("d")
        # show of this one fails
        await user.sees("May free less: details of old-experiment:latest cannot be read.")


async def test_of_many_costs_and_keys_are_in_view_and_every_name_can_be_scrolled_to() -> None:
    async with journey(size=(80, 24)) as user:
        await user.presses("a", "d")
        for said in ("Delete 36 models?", "Frees about", "You have 8 seconds", "y delete   n keep"):
            assert said in user.screen
        last = user.app.snapshot.models[-1].name
        assert f"{last}  " not in user.screen.partition("Delete 36 models?")[2]
        await user.presses("j", *["pagedown"] * 9)
        assert f"{last}  " in user.screen.partition("Delete 36 models?")[2]
        assert "y delete   n keep" in user.screen
        await user.presses("n")


async def test_what_is_about_to_be_deleted_has_a_sign_until_it_is_gone_or_back() -> None:
    async with journey() as user:
        await user.goes_to("llava:7b")
        await user.presses("d", "y")
        assert "×" in user.row("llava:7b")
        await user.presses("z")
        assert "×" not in user.row("llava:7b")
