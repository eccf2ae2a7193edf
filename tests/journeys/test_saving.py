"""Saving a Modelfile over a file."""

from __future__ import annotations

from pathlib import Path

from tests.config.test_saving import full_disk, names
from tests.journeys.driver import User, journey

OLD = "FROM old\n" * 50


async def saves(user: User, path: Path) -> None:
    await user.goes_to("studio/reviewer:latest")
    await user.presses(":")
    await user.types("save modelfile")
    await user.presses("enter")
    await user.sees("Save studio/reviewer:latest as a Modelfile")
    await user.empties_the_field()
    await user.pastes(str(path))
    await user.presses("enter")


async def test_on_a_full_disk_the_old_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "Modelfile"
    file.write_text(OLD)
    async with journey() as user:
        await saves(user, file)
        await user.sees("Replace Modelfile, which already exists?")
        with full_disk():
            await user.presses("y")
            await user.until(lambda: any("Modelfile was not written" in t for t in user.toasts))
        assert any("The file that was there is unchanged." in toast for toast in user.toasts)
    assert file.read_text() == OLD
    assert names(tmp_path) == [file.name]


async def test_of_a_link_the_file_is_replaced_and_that_is_said(tmp_path: Path) -> None:
    file, link = tmp_path / "real", tmp_path / "Modelfile"
    file.write_text(OLD)
    file.chmod(0o600)
    link.symlink_to(file)
    async with journey() as user:
        await saves(user, link)
        await user.sees("Replace Modelfile, which already exists?")
        await user.presses("y")
        await user.until(lambda: any("That is a link: the file is" in t for t in user.toasts))
    assert link.is_symlink()
    assert "FROM" in file.read_text() != OLD
    assert file.stat().st_mode & 0o777 == 0o600
