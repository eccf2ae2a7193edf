"""The questions asked before deleting, updating, unloading or quitting, and about drafts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.api.replies import RunningModel
from ollama_tui.config.drafts import DraftFile
from ollama_tui.config.safe_file import shown_path
from ollama_tui.domain.model import Model
from ollama_tui.domain.plan import Operation, Plan, plan_updates, requests, side_effects
from ollama_tui.domain.storage.report import WAY_BACK, RowKind, StorageRow, name_label
from ollama_tui.domain.storage.usage import Amount
from ollama_tui.domain.updates import Upstream, cost
from ollama_tui.formatting import ago, cells, exact, inert, plural, shorten, size, size_of, until
from ollama_tui.services.jobs.job import Job, State, how_far
from ollama_tui.tui.dialogs.choice import Confirm
from ollama_tui.tui.typeahead import Unasked

NAME_CELLS = 44
"""Cells of a name in a table of a question."""
LISTED = 200
"""The most models named one by one; the rest are counted."""


def _listed(lines: Iterable[str], count: int) -> list[str]:
    """Return the first `LISTED` of `count` lines, one per model, and how many are left out."""
    named = [line for line, _ in zip(lines, range(LISTED), strict=False)]
    left = count - len(named)
    return [*named, f"… and {plural(left, 'more model')}"] if left else named


# ---- delete


def confirm_delete(
    models: Sequence[Model], plan: Plan, grace: float, *, still_loading: bool
) -> Confirm:
    """Return the question whether to carry out `plan`, which deletes `models`.

    Nothing is sent for `grace` seconds after yes. `still_loading` says whether details that are
    not known are on their way; otherwise the server has refused to give them.
    """
    count = len(models)
    heading = f"Delete {models[0].label}?" if count == 1 else f"Delete {count} models?"
    named = _listed(
        (
            f"{model.label}  {'cloud' if model.is_cloud else size(model.size)}"
            + ("  loaded; it is unloaded first" if model.is_loaded else "")
            for model in models
        ),
        count,
    )
    besides = [inert(text) for item in plan.deletions[:LISTED] for text in side_effects(item)]

    def facts(freed: Amount) -> tuple[str, ...]:
        frees = _frees(plan, freed, still_loading=still_loading)
        return (*frees, *besides, _undo_within(grace), "", *named)

    option = ""
    if plan.backups:
        one = len(plan.backups) == 1
        its = name_label(plan.backups[0].name) if one else f"{len(plan.backups)} backups"
        stays = plan.freed_with_backups.bytes - plan.freed.bytes
        option = f"with the {its} that Ollama keeps; without, {size(stays)} stay"
    return Confirm(
        heading,
        facts(plan.freed),
        "delete",
        requests=requests(plan),
        option=option,
        option_lines=facts(plan.freed_with_backups),
        option_requests=requests(plan, besides=len(plan.backups)),
    )


def _undo_within(grace: float) -> str:
    if grace <= 0:
        return "This cannot be undone."
    return f"You have {plural(int(grace), 'second')} to undo with z."


def confirm_leftover(row: StorageRow, plan: Plan, grace: float) -> Confirm:
    """Return the question whether to carry out `plan`, which deletes what `row` is about."""
    lines = [*_frees(plan, plan.freed, still_loading=False)]
    if row.kind is RowKind.ORIGINALS:
        lines.append(f"{WAY_BACK}.")
    named = [
        f"{name_label(step.name)}  {size(step.bytes or 0)}"
        for step in plan.of(Operation.DELETE)[:LISTED]
    ]
    lines += [_undo_within(grace), "", *_listed(named, len(plan.deletions))]
    what = row.label
    if row.kind is RowKind.ORIGINALS and len(plan.deletions) == 1:
        what = f"the {inert(plan.deletions[0].name)}"
    return Confirm(f"Delete {what}?", tuple(lines), "delete", requests=requests(plan))


def _frees(plan: Plan, freed: Amount, *, still_loading: bool) -> Iterator[str]:
    """Yield how many bytes `plan` frees, which are shared, and which are not known yet."""
    yield f"Frees {freed}." if freed.bytes else "Frees almost nothing."
    if plan.kept_for:
        some = ", ".join(map(name_label, plan.kept_for[:3]))
        rest = f" and {len(plan.kept_for) - 3} more" if len(plan.kept_for) > 3 else ""
        yield f"What is shared with {some}{rest} stays."
    if freed.bytes and plan.unknown:
        more = f" and {len(plan.unknown) - 1} more" if len(plan.unknown) > 1 else ""
        state = "are still loading" if still_loading else "cannot be read"
        yield f"May free less: details of {inert(plan.unknown[0])}{more} {state}."


# ---- update

Stale = tuple[Model, Upstream]
"""An outdated model, and the newer version in its registry."""


def confirm_update(stale: Sequence[Stale], free: int | None = None) -> Confirm:
    """Return the question whether to fetch the newer versions of `stale`.

    `free` are the bytes free on the server's disk; None where they are not known.
    """
    plan = plan_updates(stale)
    one = stale[0][0].label if len(stale) == 1 else f"{len(stale)} models"
    fetch = plan.fetched.bytes
    fetches = f"Fetches {size(fetch)} ({exact(fetch)})." if fetch else "Fetches nothing."
    entries = []
    for model, found in stale[:LISTED]:
        pushed = f", pushed {ago(found.pushed_at, found.checked_at)}" if found.pushed_at else ""
        loaded = "; what is loaded stays the old one until reloaded" if model.is_loaded else ""
        entries.append(f"{model.label}  {cost(found)}{pushed}{loaded}")
    named = _listed(entries, len(stale))
    disk = []
    if free is not None and fetch:
        fits = fetch <= free
        left = f"{size(free)} free on the server's disk."
        disk = [left if fits else f"It does not fit: there are only {left}"]
    lines = (fetches, *disk, "Models that are up to date are not touched.", "", *named)
    return Confirm(f"Update {one}?", lines, "update", requests=requests(plan))


# ---- unload


def confirm_unload(running: Sequence[RunningModel], now: datetime) -> Confirm:
    """Return the question whether to unload `running`, with the memory and time left of each."""
    one = len(running) == 1
    heading = f"Unload {inert(running[0].name)}?" if one else f"Unload {len(running)} models?"
    freed = size(sum(runner.size for runner in running))
    warning = "Anyone using one of them waits until it is loaded again."
    labels = [inert(runner.name) for runner in running]
    longest = max(map(cells, labels), default=0)
    unusual = {"forever": "was to stay forever", "stopping": "is stopping already", "never": ""}
    lines = []
    for label, runner in zip(labels, running, strict=True):
        end = until(runner.expires_at, now)
        stay = unusual.get(end, f"was to stay {end.removesuffix(' from now')} more")
        lines.append(f"{label}{' ' * (longest - cells(label))}  {size(runner.size):>7}  {stay}")
    return Confirm(heading, (f"Frees {freed} of memory. {warning}", "", *lines), "unload")


# ---- quit


class QuitQuestion(Confirm):
    """Whether to quit; asked once, however often the key is pressed."""


def confirm_quit(jobs: Sequence[Job], typed: Mapping[str, Path | None]) -> QuitQuestion | None:
    """Return the question to ask before quitting; None when nothing would be lost.

    `typed` maps the headings of forms with typed text to the files of their drafts.
    """
    active = [job for job in jobs if job.active]
    waiting = sum(job.state is State.WAITING for job in active)
    pulls = sum(job.verb == "pull" for job in active)
    others = len(active) - waiting - pulls
    heading: list[str] = []
    lines: list[str] = []
    if pulls:
        heading.append(f"{plural(pulls, 'download')} {'is' if pulls == 1 else 'are'} running.")
        lines.append("Downloads stop; what was fetched is kept, and pulling again resumes.")
    if others:
        kind = "other job" if pulls else "job"
        heading.append(f"{plural(others, kind)} {'is' if others == 1 else 'are'} running.")
        lines.append("Other jobs are cancelled.")
    if waiting:
        heading.append(f"{plural(waiting, 'deletion')} still wait{'s' if waiting == 1 else ''}.")
        lines.append("Deletions that still wait are not sent.")
    if typed:
        heading.append("You have typed text that is not sent.")
        for form, path in typed.items():
            if path is None:
                lines.append(f"What you typed in “{form}” will be lost.")
            else:
                kept = f"it is kept in {shown_path(path)}."
                lines.append(f"“{form}” continues with it the next time: {kept}")
    if not heading:
        return None
    return QuitQuestion(" ".join(["Quit?", *heading]), tuple(lines), "quit")


# ---- resume


class ResumeQuestion(Unasked, Confirm):
    """Whether to resume downloads that were interrupted; nobody pressed a key for it to come."""

    def __init__(self, paused: Sequence[Job]) -> None:
        labels = [shorten(inert(job.name), NAME_CELLS) for job in paused[:LISTED]]
        longest = max(map(cells, labels))
        lines = []
        for label, job in zip(labels, paused, strict=False):
            done = job.progress
            at = f"at {far}" if (far := how_far(done)) else "just begun"
            amount = size_of(done.completed, done.total) if done.completed and done.total else ""
            lines.append(f"{label}{' ' * (longest - cells(label))}  {at:<6}  {amount}".rstrip())
        count = len(paused)
        what = "1 download was" if count == 1 else f"{count} downloads were"
        kept = "What was downloaded is kept on the server; resuming fetches the rest."
        super().__init__(
            f"{what} interrupted. Resume?", (*_listed(lines, count), "", kept), "resume", "not now"
        )


# ---- continue a draft

SHOWN = 8
"""The most lines of the draft that are shown."""


class ContinueQuestion(ModalScreen[str | None]):
    """Whether to continue with a draft: dismisses with `y`, or `n` to start over and keep it.

    `d` deletes it; None means that the form is not opened at all.
    """

    BINDINGS = [
        Binding("y", "dismiss('y')", "Continue"),
        Binding("n", "dismiss('n')", "Start over"),
        Binding("d", "dismiss('d')", "Delete"),
        Binding("escape", "dismiss(None)", "Back"),
    ]

    def __init__(self, draft: DraftFile, about: str) -> None:
        super().__init__()
        self.draft = draft
        self.about = about

    def compose(self) -> ComposeResult:
        """Lay out question, draft and keys."""
        draft = self.draft
        lines = [line for line in draft.text.splitlines() if line and not line.startswith("#")]
        shown = "\n".join(inert(line) for line in lines[:SHOWN])
        more = "\n…" if len(lines) > SHOWN else ""
        where = f"\n{shown_path(draft.path)}" if draft.path else ""
        written = f"{self.about}, typed on {draft.at:%Y-%m-%d at %H:%M}{where}\n"
        keys = "y continue   n start over   d delete it and start over   esc back"
        with Vertical(classes="dialog"):
            heading = f"Continue the draft of {draft.at:%H:%M}?"
            yield Static(heading, classes="heading", markup=False)
            with VerticalScroll(classes="facts"):
                yield Static(written, markup=False)
                yield Static(f"{shown}{more}", classes="label", markup=False)
            yield Static(keys, classes="keys", markup=False)
