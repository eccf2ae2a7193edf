"""Say what leaving the program would stop or leave undone, then ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ollama_tui.config.drafts import shown_path
from ollama_tui.formatting import plural
from ollama_tui.services.jobs.job import Job, State
from ollama_tui.tui.dialogs.dialog import Confirm


class QuitQuestion(Confirm):
    """Whether to quit; asked once, however often the key is pressed."""


def quitting(jobs: Sequence[Job], typed: Mapping[str, Path | None]) -> QuitQuestion | None:
    """Return what to ask before quitting; None when nothing would be lost.

    `typed` says where the drafts of forms with typed text are, by the headings of the forms.
    """
    active = [job for job in jobs if job.active]
    waiting = [job for job in active if job.state is State.WAITING]
    pulls = [job for job in active if job.verb == "pull"]
    others = len(active) - len(waiting) - len(pulls)
    heading: list[str] = []
    lines: list[str] = []
    for count, said, line in (
        (
            len(pulls),
            "download",
            "Downloads stop; what was fetched is kept, and pulling again goes on.",
        ),
        (others, "other job" if pulls else "job", "Other jobs are cancelled."),
    ):
        if count:
            heading.append(f"{plural(count, said)} {'is' if count == 1 else 'are'} running.")
            lines.append(line)
    if waiting:
        one = len(waiting) == 1
        heading.append(f"{plural(len(waiting), 'deletion')} still wait{'s' if one else ''}.")
        lines.append("Deletions that still wait are not sent.")
    if typed:
        heading.append("You have typed text that is not sent.")
        lines += _typed(typed)
    if not heading:
        return None
    return QuitQuestion(" ".join(["Quit?", *heading]), tuple(lines), "quit")


def _typed(typed: Mapping[str, Path | None]) -> Iterator[str]:
    for heading, path in typed.items():
        if path is not None:
            yield f"“{heading}” goes on with it the next time: it is kept in {shown_path(path)}."
        else:
            yield f"What you typed in “{heading}” will be lost."
