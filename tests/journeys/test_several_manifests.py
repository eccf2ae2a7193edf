"""A name with several manifests, each a row: keys act on the row they are pressed on."""

from __future__ import annotations

from ollama_tui.domain.model import ModelKey
from tests.demo.rows_server import Row, RowsDemo
from tests.journeys.driver import User, journey

GGML, LLAMACPP, OTHER = "a" * 64, "b" * 64, "c" * 64
MICRO = (Row("micro:1b", LLAMACPP), Row("micro:1b", GGML, "ggml", 2_000_000_000))


def a_server(*more: Row) -> RowsDemo:
    """Return a server with two manifests of `micro:1b`, and `more`."""
    micro = [Row(row.name, row.digest, row.runner, row.size) for row in MICRO]
    return RowsDemo(Row("first:1b", "1" * 64), *micro, Row("last:1b", "2" * 64), *more)


def at(user: User) -> tuple[str, str]:
    return user.current.name, user.current.runner


def marked(user: User) -> set[str]:
    return {key.digest for key in user.main.view.marks}


async def goes_to(user: User, digest: str, name: str = "micro:1b") -> None:
    rows = [row.key for row in user.main.table.rows]
    step = rows.index(ModelKey(name, digest)) - rows.index(user.current.key)
    await user.presses(*(["j"] * step if step > 0 else ["k"] * -step))
    assert user.current.key == (name, digest)


async def test_each_is_a_row_that_says_what_runs_it() -> None:
    async with journey(a_server()) as user:
        await user.sees("micro:1b (ggml)", "micro:1b (llamacpp)", "4 models")
        await goes_to(user, GGML)
        await user.sees("I am aaaa.", "Runner        ggml")
        await user.sees("llamacpp gguf bbbbbbbbbbbb", "ggml gguf aaaaaaaaaaaa shown here")
        await user.presses("j")


async def test_details_are_asked_for_by_runner_where_the_name_is_not_enough() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await user.until(lambda: len(demo.bodies("/api/show")) == 4)
        asked = {(body["model"], body.get("runner")) for body in demo.bodies("/api/show")}
        assert asked == {
            ("first:1b", None), ("last:1b", None), ("micro:1b", "ggml"), ("micro:1b", "llamacpp"),
        }  # fmt: skip
        await goes_to(user, LLAMACPP)
        await user.presses("enter")
        await user.sees("I am bbbb.")


async def test_a_marked_row_is_deleted_alone_and_undo_brings_it_back_with_its_mark() -> None:
    demo = a_server(Row("alias:1b", GGML, "ggml"))
    async with journey(demo) as user:
        await goes_to(user, GGML)
        await user.presses("space")
        assert marked(user) == {GGML}
        await user.presses("d")
        await user.sees(
            "Delete micro:1b (ggml)?",
            "micro:1b stays, with llamacpp.",
            "alias:1b has the same digest and will be deleted too.",
        )
        await user.presses("y")
        assert "×" in user.row("micro:1b (ggml)")
        assert "×" in user.row("alias:1b")
        assert "×" not in user.row("micro:1b (llamacpp)")
        await user.presses("z")
        assert "×" not in user.row("micro:1b (ggml)")
        assert marked(user) == {GGML}
        await user.presses("d", "y")
        await user.waits(9)
        await user.until(lambda: "alias:1b" not in user.names)
        assert demo.bodies("/api/delete") == [{"model": f"sha256-{GGML}"}]
        assert user.names == ["first:1b", "last:1b", "micro:1b"]
        assert marked(user) == set()
        await user.sees_no("micro:1b (llamacpp)")


async def test_all_rows_of_a_name_are_deleted_by_name_at_once() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await user.filters("micro")
        await user.presses("a", "d")
        await user.sees(
            "Delete 2 models?", "micro:1b (ggml)      2 GB", "micro:1b (llamacpp)  1 GB"
        )
        await user.presses("v")
        await user.sees("DELETE /api/delete  {")
        await user.presses("y")
        await user.waits(9)
        await user.until(lambda: not user.names)
        assert demo.bodies("/api/delete") == [{"model": "micro:1b"}]


async def test_a_manifest_that_came_meanwhile_is_not_deleted_with_the_name() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await goes_to(user, "1" * 64, "first:1b")
        await user.presses("d", "y")
        demo.rows.append(Row("first:1b", OTHER, "mlx"))
        await user.waits(9)
        await user.sees("first:1b was not deleted: another model took its name in the meantime.")
        assert demo.bodies("/api/delete") == []


async def test_the_cursor_stays_on_its_row_among_ten_thousand() -> None:
    many = [Row(f"z{n}:1b", f"{n:064x}", size=n * 1_000_003) for n in range(3, 10_003)]
    async with journey(a_server(*many)) as user:
        await user.presses("1")
        await goes_to(user, GGML)
        for keys in ("4", "\\", "R", "2", "s", "escape", "1"):
            await user.presses(keys)
            assert at(user) == ("micro:1b", "ggml")
        await user.presses("k", "space")
        assert at(user) == ("micro:1b", "ggml")
        await user.filters("is:marked")
        assert at(user) == ("micro:1b", "llamacpp")
        await user.presses("escape")
        assert at(user) == ("micro:1b", "llamacpp")
        await user.filters("runner:ggml")
        assert [row.digest for row in user.main.table.rows] == [GGML]


async def test_cursor_and_marks_follow_a_name_to_its_new_digest() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await goes_to(user, GGML)
        await user.presses("space")
        assert (at(user), marked(user)) == (("micro:1b", "ggml"), {GGML})
        demo.row("micro:1b", "ggml").digest = OTHER  # type: ignore[union-attr]
        await user.presses("R")
        await user.until(lambda: user.current.digest == OTHER)
        assert marked(user) == {OTHER}
        demo.rows = [row for row in demo.rows if row.digest != OTHER]
        await user.presses("R")
        await user.until(lambda: at(user) == ("micro:1b", "llamacpp"))
        assert marked(user) == set(), "what was deleted leaves its mark to no other"


async def test_what_is_loaded_is_the_row_that_was_loaded() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await goes_to(user, GGML)
        await user.presses("w")
        await user.sees("micro:1b (ggml) is loaded.")
        await user.until(lambda: "●" in user.row("micro:1b (ggml)"))
        assert "●" not in user.row("micro:1b (llamacpp)")
        assert demo.bodies("/api/generate")[-1]["runner"] == "ggml"
        await goes_to(user, LLAMACPP)
        await user.presses("w")
        await user.until(lambda: "●" in user.row("micro:1b (llamacpp)"))
        await user.lets_toasts_go()
        await user.presses("t")
        await user.sees("2 models", "micro:1b (llamacpp)", "micro:1b (ggml)", "RUNNER")
        await user.presses("G", "x")
        await user.until(lambda: [row.loaded for row in demo.rows] == [False, True, False, False])
        assert demo.bodies("/api/generate")[-1]["runner"] == "ggml"


async def test_the_curl_command_asks_for_the_row() -> None:
    async with journey(a_server()) as user:
        await goes_to(user, GGML)
        await user.presses("y", "4")
        await user.sees("was sent to the terminal's clipboard.")
        assert '"runner": "ggml"' in user.app.clipboard


async def test_two_rows_of_a_name_are_compared() -> None:
    async with journey(a_server()) as user:
        await user.filters("micro")
        await user.presses("a", "=")
        await user.sees("micro:1b (llamacpp)", "micro:1b (ggml)", "Runner", "- 1 GB", "+ 2 GB")
        await user.presses("tab")
        await user.sees("- micro:1b (llamacpp)", "+ micro:1b (ggml)", "-I am bbbb.", "+I am aaaa.")


async def test_a_copy_takes_all_manifests_and_says_so() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await goes_to(user, GGML)
        await user.presses("c")
        await user.sees("Copy micro:1b")
        await user.empties_the_field()
        await user.types("tiny:1b")
        await user.sees("Copies all 2 manifests of micro:1b: ggml, llamacpp.")
        await user.presses("enter")
        await user.sees("micro:1b was copied to tiny:1b.")
        await user.until(lambda: user.names.count("tiny:1b") == 2)
        assert user.current.name == "tiny:1b"


async def test_a_name_with_several_manifests_is_renamed_whole() -> None:
    demo = a_server()
    async with journey(demo) as user:
        await goes_to(user, GGML)
        await user.presses("r")
        await user.empties_the_field()
        await user.types("tiny:1b")
        await user.presses("enter")
        await user.until(lambda: user.names.count("tiny:1b") == 2 and "micro:1b" not in user.names)
        assert demo.bodies("/api/delete") == [{"model": "micro:1b"}]


async def test_the_backup_of_a_converted_model_is_told_with_it_and_no_row() -> None:
    backup = f"llamacpp:{LLAMACPP}"
    demo = a_server(Row(backup, LLAMACPP))
    async with journey(demo) as user:
        await user.sees("4 models")
        await goes_to(user, LLAMACPP)
        await user.sees("llamacpp:bbbbbb… kept by the server for an older Ollama")
        assert user.current.backup == backup
        demo.rows = [row for row in demo.rows if row.name != "micro:1b"]
        await user.presses("R")
        await user.sees("3 models", "backup llamacpp:bbb")
        await user.until(lambda: backup in user.names)


async def test_storage_marks_one_of_two_rows() -> None:
    async with journey(a_server()) as user:
        await user.presses("b")
        await user.sees("micro:1b (ggml)", "micro:1b (llamacpp)")
        await user.presses("g")
        await user.sees(
            "Deleting micro:1b (ggml) frees about 2 GB.", "micro:1b stays, with llamacpp."
        )
        await user.presses("space", "escape")
        assert user.main.view.marks == {ModelKey("micro:1b", GGML)}
