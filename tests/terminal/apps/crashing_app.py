"""The program on a server, as it is started from the shell, with a bug behind f2.

python crashing_app.py
"""

from __future__ import annotations

from textual import events

from ollama_tui.config.settings import read_settings, user_folders
from ollama_tui.services.jobs.handover import start_keeper
from ollama_tui.tui.app import OllamaTui
from ollama_tui.tui.shutdown import Shutdown


class Crashing(OllamaTui):
    """Has a bug in a handler."""

    async def on_key(self, event: events.Key) -> None:
        if event.key == "f2":
            raise ZeroDivisionError("a bug of ours")


if __name__ == "__main__":
    folders, shutdown = user_folders(), Shutdown()
    app = Crashing(
        read_settings({"filter": ""}, folders),
        unfinished=folders.unfinished,
        start_keeper=start_keeper,
        leaving=shutdown.begin,
    )
    shutdown.run(app)
