"""The questions asked before deleting, updating, unloading or quitting, and about drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
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
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.notes import locked_names
from ollama_tui.domain.plan import (
    Operation,
    Plan,
    plan_updates,
    request_lines,
    side_effects,
    unloading,
)
from ollama_tui.domain.storage.report import WAY_BACK, RowKind, StorageRow, name_label
from ollama_tui.domain.storage.usage import Amount
from ollama_tui.domain.updates import Upstream, cost
from ollama_tui.formatting import ago, exact, inert, plural, shorten, size, size_of, until
from ollama_tui.services.jobs.job import Job, State, how_far
from ollama_tui.tui.dialogs.choice import Confirm, confirm_locked
from ollama_tui.tui.dialogs.facts import LISTED, Facts
from ollama_tui.tui.typeahead import Unasked
from ollama_tui.tui.widgets.keys_line import KeysLine

NAME_CELLS = 44
"""Cells of a name in a table of a question."""
KEEP = "keep"
"""What no means where yes deletes."""


HIDDEN = "marked, not shown by the filter"


def _note(is_hidden: bool, *more: str) -> str:
    """Return what there is to know of an item, first of all that nobody sees it in the table."""
    return "; ".join(filter(None, (HIDDEN if is_hidden else "", *more)))


# ---- delete


def confirm_delete(
    models: Sequence[Model],
    plan: Plan,
    grace: float,
    *,
    still_loading: bool,
    hidden: Set[ModelKey] = frozenset(),
) -> Confirm:
    """Return the question whether to carry out `plan`, which deletes `models`.

    Nothing is sent for `grace` seconds after yes. `still_loading` says whether details that are
    not known are on their way; otherwise the server has refused to give them. `hidden` are those of
    the models that the filter hides.
    """
    count = len(models)
    heading = f"Delete {models[0].label}?" if count == 1 else f"Delete {count} models?"
    rows = tuple(
        (
            model.label,
            "cloud" if model.is_cloud else size(model.size),
            _note(model.key in hidden, "loaded; unloaded first" if model.is_loaded else ""),
        )
        for model in sorted(models, key=lambda model: model.key not in hidden)[:LISTED]
    )
    besides = [inert(text) for item in plan.deletions[:LISTED] for text in side_effects(item)]

    def facts(freed: Amount, backups: bool) -> Facts:
        doubts = _stays_or_unknown(plan, freed, still_loading=still_loading)
        return Facts(
            _frees(freed),
            (*doubts, *besides, _undo_within(grace)),
            rows,
            count - len(rows),
            tuple(map(inert, request_lines(plan, backups=backups))),
        )

    return Confirm(
        heading,
        facts(plan.freed, backups=False),
        "delete",
        KEEP,
        danger=True,
        option=_backups_option(plan),
        option_facts=facts(plan.freed_with_backups, backups=True),
        again=confirm_locked(locked_names(models), "delete"),
    )


def _backups_option(plan: Plan) -> str:
    """Return the offer to delete backups too; empty without any."""
    if not plan.backups:
        return ""
    one = len(plan.backups) == 1
    its = name_label(plan.backups[0].name) if one else f"{len(plan.backups)} backups"
    stays = plan.freed_with_backups.bytes - plan.freed.bytes
    return f"also delete the {its} that Ollama keeps ({size(stays)})"


def _undo_within(grace: float) -> str:
    if grace <= 0:
        return "This cannot be undone."
    return f"You have {plural(int(grace), 'second')} to undo with z."


def confirm_leftover(row: StorageRow, plan: Plan, grace: float) -> Confirm:
    """Return the question whether to carry out `plan`, which deletes what `row` is about."""
    lines = [*_stays_or_unknown(plan, plan.freed, still_loading=False)]
    if row.kind is RowKind.ORIGINALS:
        lines.append(f"{WAY_BACK}.")
    rows = tuple(
        (name_label(step.name), size(step.bytes or 0), "")
        for step in plan.of(Operation.DELETE)[:LISTED]
    )
    facts = Facts(
        _frees(plan.freed),
        (*lines, _undo_within(grace)),
        rows,
        len(plan.deletions) - len(rows),
        tuple(map(inert, request_lines(plan))),
    )
    what = row.label
    if row.kind is RowKind.ORIGINALS and len(plan.deletions) == 1:
        what = f"the {inert(plan.deletions[0].name)}"
    return Confirm(f"Delete {what}?", facts, "delete", KEEP, danger=True)


def _frees(freed: Amount) -> str:
    return f"Frees {freed}" if freed.bytes else "Frees almost nothing"


def _stays_or_unknown(plan: Plan, freed: Amount, *, still_loading: bool) -> Iterator[str]:
    """Yield what stays as it is shared, and what is not known yet."""
    if plan.kept_for:
        some = ", ".join(map(name_label, plan.kept_for[:3]))
        rest = f" and {len(plan.kept_for) - 3} more" if len(plan.kept_for) > 3 else ""
        yield f"What is shared with {some}{rest} stays."
    if freed.bytes and plan.unknown:
        more = f" and {len(plan.unknown) - 1} more" if len(plan.unknown) > 1 else ""
        state = "are still loading" if still_loading else "cannot be read"
        yield f"May free less: details of {inert(plan.unknown[0])}{more} {state}."


# ---- update

ROUNDED_FROM = 1000
"""Bytes from which on a size is rounded."""
Stale = tuple[Model, Upstream]
"""An outdated model, and the newer version in its registry."""


def confirm_update(
    stale: Sequence[Stale], free: int | None = None, hidden: Set[ModelKey] = frozenset()
) -> Confirm:
    """Return the question whether to fetch the newer versions of `stale`.

    `free` are the bytes free on the server's disk; None where they are not known.
    `hidden` are the marked models that the filter hides.
    """
    plan = plan_updates(stale)
    one = stale[0][0].label if len(stale) == 1 else f"{len(stale)} models"
    fetch = plan.fetched.bytes
    rounded = f" ({exact(fetch)})" if fetch >= ROUNDED_FROM else ""
    fetches = f"Fetches {size(fetch)}{rounded}" if fetch else "Fetches nothing"
    rows = []
    for model, found in sorted(stale, key=lambda pair: pair[0].key not in hidden)[:LISTED]:
        notes = [f"pushed {ago(found.pushed_at, found.checked_at)}"] if found.pushed_at else []
        notes += ["the old version stays loaded until reloaded"] if model.is_loaded else []
        rows.append((model.label, cost(found), _note(model.key in hidden, *notes)))
    disk = []
    if free is not None and fetch:
        fits = fetch <= free
        left = f"{size(free)} free on the server's disk."
        disk = [left if fits else f"It does not fit: there are only {left}"]
    facts = Facts(
        fetches,
        (*disk, "Models that are up to date are not touched."),
        tuple(rows),
        len(stale) - len(rows),
        tuple(map(inert, request_lines(plan))),
    )
    again = confirm_locked(locked_names([model for model, _ in stale]), "update")
    return Confirm(f"Update {one}?", facts, "update", again=again)


# ---- unload


def confirm_unload(
    running: Sequence[RunningModel], now: datetime, hidden: Sequence[RunningModel] = ()
) -> Confirm:
    """Return the question whether to unload `running`, with the memory and time left of each.

    `hidden` are those whose models are marked and hidden by the filter.
    """
    one = len(running) == 1
    heading = f"Unload {inert(running[0].name)}?" if one else f"Unload {len(running)} models?"
    unusual = {"forever": "kept forever", "stopping": "already stopping", "never": ""}
    rows = []
    for runner in sorted(running, key=lambda runner: runner not in hidden)[:LISTED]:
        end = until(runner.expires_at, now)
        stay = unusual.get(end, f"{end.removesuffix(' from now')} left")
        note = _note(runner in hidden, stay)
        rows.append((inert(runner.name), size(runner.size), note))
    facts = Facts(
        f"Frees {size(sum(runner.size for runner in running))} of memory",
        ("Anyone using one of them waits until it is loaded again.",),
        tuple(rows),
        len(running) - len(rows),
        tuple(inert(str(unloading(runner.name))) for runner in running),
    )
    return Confirm(heading, facts, "unload", KEEP, danger=True)


# ---- quit


_DOWNLOADS_STOP = "Downloads stop; what was fetched is kept, and pulling again resumes."
_OTHERS_STOP = "Other jobs are cancelled."
_GO_ON = "Without this program they go on; the next start shows how far they are."
_GOES_ON = "Without this program it goes on; the next start shows how far it is."


class QuitQuestion(Confirm):
    """Whether to quit. Asked once, however often q is pressed; ctrl+c again means yes."""


def confirm_quit(
    jobs: Sequence[Job],
    typed: Mapping[str, Path | None],
    *,
    is_demo: bool = False,
    can_go_on: bool = False,
) -> QuitQuestion | None:
    """Return the question to ask before quitting; None when nothing would be lost.

    `typed` maps the headings of forms with typed text to the files of their drafts. With `is_demo`
    the server ends with the program, and nothing is there to resume. With `can_go_on` the question
    has an option, which is on at first: transfers go on in the background.
    """
    active = [job for job in jobs if job.active]
    waiting = sum(job.state is State.WAITING for job in active)
    pulls = sum(job.verb == "pull" for job in active)
    going = [job for job in active if can_go_on and job.outlives_program]
    others = len(active) - waiting - pulls
    heading: list[str] = []
    if pulls:
        heading.append(f"{plural(pulls, 'download')} {'is' if pulls == 1 else 'are'} running.")
    if others:
        kind = "other job" if pulls else "job"
        heading.append(f"{plural(others, kind)} {'is' if others == 1 else 'are'} running.")
    if waiting:
        heading.append(f"{plural(waiting, 'deletion')} {'is' if waiting == 1 else 'are'} pending.")
    if typed:
        heading.append("You have unsent text.")
    if not heading:
        return None
    stop = ["The demo starts afresh next time: no download is kept."] if is_demo and active else []
    stop += [_DOWNLOADS_STOP] if pulls and not is_demo else []
    stop += [_OTHERS_STOP] if others else []
    go_on = [_GO_ON if len(going) > 1 else _GOES_ON] if going else stop
    if going and others > sum(job.verb != "pull" for job in going):
        go_on.append(_OTHERS_STOP)
    rows = tuple(
        (shorten(inert(f"{job.verb} {job.name}"), NAME_CELLS), how_far(job.progress), "")
        for job in active[:LISTED]
        if job.state is not State.WAITING
    )
    lines = [*(["Pending deletions are dropped."] if waiting else []), *_what_becomes_of(typed)]
    more = max(len(active) - waiting - LISTED, 0)
    what = "downloads" if all(job.verb == "pull" for job in going) else "transfers"
    return QuitQuestion(
        " ".join(["Quit?", *heading]),
        Facts("", (*stop, *lines), rows, more),
        "quit",
        "stay",
        danger=len(going) < len(active) or None in typed.values(),
        option=f"leave the {what} running in the background" if going else "",
        option_facts=Facts("", (*go_on, *lines), rows, more),
        more_keys=(("ctrl+c", "quits too", "key"),),
    )


def _what_becomes_of(typed: Mapping[str, Path | None]) -> Iterator[str]:
    """Yield a line for each form with typed text."""
    for form, path in typed.items():
        if path is None:
            yield f"What you typed in “{form}” will be lost."
        else:
            kept = f"it is kept in {shown_path(path)}."
            yield f"“{form}” continues with it the next time: {kept}"


# ---- cancel

BIG_DOWNLOAD = 10**9
"""Bytes that were fetched, from which on cancelling asks."""


def confirm_cancel(job: Job) -> Confirm | None:
    """Return the question whether to cancel a download; None where little was fetched."""
    done = job.progress
    if not job.active or job.verb != "pull" or done.completed < BIG_DOWNLOAD:
        return None
    facts = Facts(
        f"{size_of(done.completed, done.total)} fetched",
        (
            "It stays on the server for now: pulling it again resumes.",
            "A download that is paused keeps its place too.",
        ),
    )
    name = shorten(inert(job.name), NAME_CELLS)
    return Confirm(
        f"Cancel the download of {name}?", facts, "cancel it", "keep downloading", danger=True
    )


# ---- resume


class ResumeQuestion(Unasked, Confirm):
    """Whether to resume jobs that were interrupted; nobody pressed a key for it to come."""

    def __init__(self, paused: Sequence[Job]) -> None:
        rows = []
        for job in paused[:LISTED]:
            whole = f" of {size(job.progress.total)}" if job.progress.fraction else ""
            at = f"at {far}{whole}" if (far := how_far(job.progress)) else "just started"
            if job.verb != "pull":
                at = "starts over"
            name = job.name if job.verb == "pull" else f"{job.verb} {job.name}"
            rows.append((shorten(inert(name), NAME_CELLS), at, ""))
        count = len(paused)
        pulls = sum(job.verb == "pull" for job in paused)
        what = plural(count, "download" if pulls == count else "job")
        was = "was" if count == 1 else "were"
        kept = ("What was downloaded is kept; resuming fetches the rest.",) if pulls else ()
        facts = Facts("", kept, tuple(rows), count - len(rows))
        super().__init__(f"{what} {was} interrupted. Resume?", facts, "resume", "not now")


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
            yield KeysLine(keys)
