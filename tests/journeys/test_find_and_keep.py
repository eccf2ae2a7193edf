"""From a search on Hugging Face to a model that is kept: what fits, pulled, tagged and locked."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.api.host import parse_host
from ollama_tui.config.hosts import NamedHost
from ollama_tui.domain.memory.available import GIB
from tests.journeys.driver import a_server, journey

NAME = "hf.co/lantern-quants/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M"


async def test_a_coder_that_fits_24_gib_is_found_pulled_tagged_locked_and_not_deleted(
    tmp_path: Path,
) -> None:
    demo, ticker = a_server()
    file = tmp_path / "notes.toml"
    box = NamedHost("gpu-box", memory=24 * GIB)
    host = parse_host("gpu-box")
    async with journey(demo, server_time=ticker, host=host, hosts=(box,), notes=file) as user:
        # find a coder model, and see what fits at the 32K that such a server loads it with
        await user.presses("L", "tab", "tab")
        await user.sees("lantern-quants")
        await user.presses("slash")
        await user.types("coder 30b")
        await user.presses("enter")
        await user.sees("1 repository")
        await user.presses("enter")
        await user.sees("Q4_K_M", "up to 5")
        row = next(line for line in user.lines if " Q4_K_M " in line)
        assert "18 GB" in row
        assert "up to 58K" in row
        row = next(line for line in user.lines if " Q8_0 " in line)
        assert "32 GB" in row
        assert "partly" in row
        await user.presses("j", "j")
        await user.sees("at 32K of context: fits fully")
        # pull it
        await user.presses("p")
        await user.sees(NAME)
        await user.presses("enter")
        await user.presses("escape", "escape", "escape")
        await user.server_works(600)
        await user.goes_to(NAME)
        # tag it and lock it
        await user.presses("m")
        await user.presses("down")
        await user.types("coding")
        await user.presses("down", "space", "enter")
        await user.sees("locked, coding")
        await user.until(file.exists)
        # be refused its deletion once
        await user.presses("d", "y")
        await user.sees("is locked. Delete it all the same?")
        await user.presses("n")
        await user.filters("tag:coding is:locked is:fits")
        assert user.names == [NAME]
