"""The dialog that asks what to pull: one or several names, and what their registries say of them.

Names are completed from what is known when it opens, and what a registry says is shown beside
them: enter submits what is typed, whatever has been answered by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import Checkbox, Input

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.memory.fit import Fits
from ollama_tui.domain.memory.words import FitWords
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.domain.names import comparison_key
from ollama_tui.domain.pasted_names import name_in, names_in
from ollama_tui.domain.suggestions import did_you_mean
from ollama_tui.domain.updates import Offer, OfferKind, together
from ollama_tui.formatting import Span, StyledLine, inert, size
from ollama_tui.tui.dialogs.controls import INSECURE, TextCheckbox
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.dialogs.names_field import NamesField
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import fit, width_of

Offers = Callable[[str, bool, Model | None], Awaitable[Offer]]
"""Name, whether over plain HTTP, and the installed model of that name → its registry's offer."""
MemoryOf = Callable[[str, bool, Model | None, Offer], Awaitable[FitWords | None]]
"""The same and the offer → what it takes in memory; None where nothing is known of that."""

MOST_SUGGESTED = 5
MOST_ASKED = 4
"""How many names are asked about at a time."""
LOW = 18
"""Rows of a screen below which a dialog takes all of it, as `VERTICAL_BREAKPOINTS` has it."""
LEAST_ROWS = 6
LEAST_ROWS_LOW = 4
"""Rows for names and suggestions that are there from the start, so that nothing moves below."""
OTHER_ROWS = 14
OTHER_ROWS_LOW = 6
"""Rows that the rest of the dialog takes."""
FIT_STYLES: Mapping[Fits | None, str] = {
    Fits.GPU: "good", Fits.PARTLY: "warning", Fits.NO: "bad", None: ""
}  # fmt: skip
_NAME_CELLS = 30


@dataclass(frozen=True)
class Wanted:
    """One model to pull."""

    name: str
    offer: Offer | None = None
    """What its registry says of it, if it has answered."""


@dataclass(frozen=True)
class PullAnswer:
    """What to pull and how."""

    wanted: tuple[Wanted, ...]
    insecure: bool


@dataclass(frozen=True)
class PullFacts:
    """What is known when the dialog opens."""

    models: tuple[Model, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    """Names to suggest, and a word or two on each."""
    begun: Mapping[str, str] = field(default_factory=dict)
    """How far unfinished pulls are, as in `61%`, by `names.comparison_key`."""
    under_way: Collection[str] = ()
    """The keys of what is being pulled."""
    free: Callable[[], int | None] = lambda: None
    """Returns the bytes free on the server's disk; None where nobody knows."""
    promised: Callable[[], int] = lambda: 0
    """Returns the bytes that downloads under way have yet to write there."""


class PullDialog(Dialog[PullAnswer]):
    """The names of models to pull; accepts pasted commands, links and lists.

    See https://docs.ollama.com/api/pull.
    """

    DEFAULT_CSS = """
    PullDialog {
        #cost, #memory { height: 1; }
        &.-low #memory { display: none; }
        &.-low .label { display: none; }
        &.-low .message { max-height: 1; }
    }
    """

    form_key = FormKey("pull")
    heading = "Pull a model, or several"
    verb = "pull"
    keys = "enter pull   tab complete   esc cancel"
    incomplete = "Type the name of a model."

    def __init__(
        self,
        facts: PullFacts,
        prefill: str = "",
        *,
        offers: Offers | None = None,
        memory_of: MemoryOf | None = None,
    ) -> None:
        super().__init__()
        self.facts = facts
        self.installed = by_comparison_key(facts.models)
        self.prefill = prefill
        self._offers = offers
        self._offered: dict[tuple[str, bool], Offer] = {}
        self._memory_of = memory_of
        self._fits: dict[tuple[str, bool], FitWords | None] = {}
        """What is known of the memory that models take."""
        self._unreachable: dict[str, Offer] = {}
        """What was answered for registries that could not be reached, by host."""
        self._asking: tuple[tuple[str, ...], bool] = (), False
        """The names asked about last, and whether over plain HTTP."""

    def fields(self) -> ComposeResult:
        """Yield the names, what is known of them, and the registry option."""
        field = NamesField(self.prefill, self.facts.known, id="name")
        yield from labelled("Names, or pasted commands, links and lists", field)
        yield StaticLines([()] * self._least_rows, id="found")
        yield StaticLines([()], id="cost")
        yield StaticLines([()], id="memory")
        yield TextCheckbox(INSECURE, id="insecure")

    @property
    def _least_rows(self) -> int:
        return LEAST_ROWS_LOW if self.app.size.height < LOW else LEAST_ROWS

    def _wanted(self) -> tuple[str, ...]:
        return names_in(self.text_of("name"))

    def _offer(self, name: str) -> Offer | None:
        return self._offered.get((name, self.query_one("#insecure", TextCheckbox).value))

    def check(self) -> Review:
        """Return what is wrong with a name, or why nobody can say what pulling fetches."""
        wanted = self._wanted()
        if not wanted:
            # Only where something was typed that is no name at all there is something to say.
            text = name_in(self.text_of("name"))
            return Review((names.pull_problem(text) or "") if text else "")
        for name in wanted:
            if (problem := _problem(name)) is not None:
                return Review(problem if len(wanted) == 1 else f"{inert(name)[:40]}: {problem}")
        found = [offer for name in wanted if (offer := self._offer(name)) is not None]
        unknown = [offer.reason for offer in found if offer.kind is OfferKind.UNKNOWN]
        return Review(notice=f"{unknown[0]} The server may still pull it." if unknown else "")

    @on(events.Mount)
    @on(events.Resize)
    @on(Input.Changed)
    @on(Checkbox.Changed)
    def show_found(self) -> None:
        """Show what is known, and ask the registries about the rest once typing rests."""
        if not self.is_attached or not self.query("#found"):
            return
        wanted = self._wanted()
        self.query_one("#found", StaticLines).show(self._rows(wanted))
        self.query_one("#cost", StaticLines).show([self._cost(wanted)])
        self.query_one("#memory", StaticLines).show([self._memory(wanted)])
        insecure = self.query_one("#insecure", TextCheckbox).value
        if self._offers is not None and (wanted, insecure) != self._asking:
            self._asking = wanted, insecure
            self._ask_registries(wanted, insecure, self._offers)

    @work(exclusive=True, group="offer")
    async def _ask_registries(self, wanted: Sequence[str], insecure: bool, offers: Offers) -> None:
        """Ask while the user goes on typing, which cancels it and asks anew."""
        limit = asyncio.Semaphore(MOST_ASKED)

        async def ask(name: str) -> None:
            async with limit:
                host = names.parse(names.resolved(name)).host
                offer = self._unreachable.get(host)
                if offer is None:
                    offer = await offers(name, insecure, self._installed_as(name))
            if offer.unreachable:
                self._unreachable[host] = offer
            self._offered[name, insecure] = offer
            self.review()
            self.show_found()

        async with asyncio.TaskGroup() as group:
            for name in wanted:
                if (name, insecure) not in self._offered and _problem(name) is None:
                    group.create_task(ask(name))
        largest = self._largest(wanted)
        if self._memory_of is None or largest is None or (largest, insecure) in self._fits:
            return
        there, offer = self._installed_as(largest), self._offered[largest, insecure]
        self._fits[largest, insecure] = await self._memory_of(largest, insecure, there, offer)
        self.show_found()

    def _installed_as(self, name: str) -> Model | None:
        return self.installed.get(comparison_key(names.resolved(name)))

    def _largest(self, wanted: Sequence[str]) -> str | None:
        """Return the one of these names that is known to be of the most bytes."""
        sizes = {
            name: offer.total
            for name in wanted
            if (offer := self._offer(name)) is not None and offer.total is not None
        }
        return max(sizes, key=lambda name: sizes[name], default=None)

    # ---- what is shown

    def _rows(self, wanted: Sequence[str]) -> list[StyledLine]:
        """Return a row for each name, then the suggestions, in as many rows as there are at least.

        Where there is no room for all names, the last ones are shown: they are being typed.
        """
        height, least = self.app.size.height, self._least_rows
        most = max(least, height - (OTHER_ROWS_LOW if height < LOW else OTHER_ROWS))
        width = max((width_of(((inert(name), ""),)) for name in wanted), default=0)
        rows = [row for name in wanted for row in self._rows_of(name, min(width, _NAME_CELLS))]
        if height < LOW and (memory := self._memory(wanted)):
            rows.append(memory)
        suggested = self._suggestions(max(1, least - len(rows)))
        rows += suggested
        if (more := len(rows) - most) > 0:
            rows = [((f"     … and {more + 1} more", "muted"),), *rows[more + 1 :]]
        return [*rows, *[()] * (least - len(rows))]

    def _suggestions(self, room: int) -> list[StyledLine]:
        """Return how the name before the cursor may go on, in at most `room` rows."""
        offered, taken = self.query_one(NamesField).offered
        if not offered:
            return []

        def styled(name: str) -> Span:
            return (inert(name), "accent" if name == taken else "muted")

        if self.app.size.height < LOW:
            at = offered.index(taken) if taken else 0
            line = [span for name in offered[at:][:20] for span in (styled(name), ("  ", ""))]
            return [((" tab ", "key"), *line)]
        room = min(MOST_SUGGESTED, room)
        at = max(0, offered.index(taken) - room + 1) if taken else 0
        shown = offered[at : at + room]
        cells = min(_NAME_CELLS, max(map(len, shown)))
        keys = [" tab ", *["     "] * (room - 1)]
        return [
            ((key, "key"), *fit((styled(name),), cells), (f"  {self.facts.known[name]}", "muted"))
            for key, name in zip(keys, shown, strict=False)
        ]

    def _rows_of(self, name: str, cells: int) -> list[StyledLine]:
        """Return a name with what pulling it means in a few words, and names that were meant."""
        offer, key = self._offer(name), comparison_key(name)
        label = fit(((inert(name), "strong"),), cells)
        words: StyledLine = (("…", "muted"),)
        if _problem(name) is not None:
            words = (("not a name", "bad"),)
        elif key in self.facts.under_way:
            words = (("is being pulled already", "muted"),)
        elif offer is not None:
            words = self._words(name, offer)
        elif self._offers is None:
            words = ()
        if (begun := self.facts.begun.get(key)) and (offer is None or offer.missing):
            words = (*words, (f", resumes at {begun}", "accent"))
        row: StyledLine = ((" ", ""), *label, ("  ", ""), *words)
        if offer is None or offer.kind is not OfferKind.ABSENT or self._is_typed(name):
            return [row]
        hint = did_you_mean(name, self.facts.known)
        room = self.query_one("#found").size.width
        if not hint:
            return [row]
        is_full = 2 * len(self._wanted()) > self._least_rows
        if width_of(row) + len(hint) + 2 <= room or (is_full and self.app.size.height < LOW):
            return [(*row, (f". {hint}", "muted"))]
        indent = cells + 3 if cells + 3 + len(hint) <= room else 3
        return [row, ((" " * indent, ""), (hint, "muted"))]

    def _is_typed(self, name: str) -> bool:
        """Whether a name is still being typed: it goes on in ways that are suggested."""
        field = self.query_one(NamesField)
        return bool(field.word and name.endswith(field.word) and field.offered[0])

    def _words(self, name: str, offer: Offer) -> StyledLine:
        if offer.kind is OfferKind.CURRENT:
            return ((offer.words, "good"),)
        if offer.kind is OfferKind.UNKNOWN:
            return ((offer.words, "muted"),)
        if offer.kind is OfferKind.ABSENT:
            return ((offer.words, "muted" if self._is_typed(name) else "bad"),)
        return ((offer.words, "accent" if offer.missing else "good"),)

    def _cost(self, wanted: Sequence[str]) -> StyledLine:
        """Return what all of it fetches, and whether the server's disk has room for that.

        Where not all of it fits, what is there already is left out first.
        """
        wanted = [name for name in wanted if comparison_key(name) not in self.facts.under_way]
        found = [offer for name in wanted if (offer := self._offer(name)) is not None]
        offers = [offer for offer in found if offer.total is not None]
        if not offers:
            return ()
        fetch, total = together(offers), sum(offer.total or 0 for offer in offers)
        words = f" Fetches {size(fetch)}" if fetch else " Nothing to fetch: all of it is there"
        is_partly_there = fetch and size(fetch) != size(total)
        there = f" ({size(total - fetch)} already there)" if is_partly_there else ""
        so_far: Span = (" so far" if len(found) < len(wanted) else "", "muted")
        in_full, in_short = self._room_for(fetch)
        room = self.query_one("#cost").size.width
        in_order = ((there, in_full), ("", in_full), ("", in_short))
        lines = [((words + known, "strong"), so_far, said) for known, said in in_order]
        return next((line for line in lines if width_of(line) <= room), lines[-1])

    def _room_for(self, fetch: int) -> tuple[Span, Span]:
        """Return whether the disk has room for so many bytes, in full and in short."""
        free, promised = self.facts.free(), self.facts.promised()
        if free is None or not fetch:
            return ("", ""), ("", "")
        when = "after other downloads" if promised else "on the disk"
        if (excess := fetch + promised - free) > 0:
            full = f": {size(excess)} more than is free {when}"
            return (full, "bad"), (f": {size(excess)} too much", "bad")
        left = f"; {size(free - promised)} free"
        return (f"{left} {when}", "muted"), (left, "muted")

    def _memory(self, wanted: Sequence[str]) -> StyledLine:
        """Return what the largest of these takes in memory and whether that fits, in one line."""
        insecure = self.query_one("#insecure", TextCheckbox).value
        largest = self._largest(wanted)
        words = self._fits.get((largest, insecure)) if largest is not None else None
        if words is None:
            return ()
        of_several = ", largest:" if len(wanted) > 1 else ""
        label: Span = (f" Memory{of_several} ", "muted")
        room = self.query_one("#found").size.width - width_of((label,))
        return (label, (words.longest(room), FIT_STYLES[words.fits]))

    def answer(self) -> PullAnswer:
        """Return names and options, with what registries have said."""
        wanted = tuple(Wanted(name, self._offer(name)) for name in self._wanted())
        return PullAnswer(wanted, self.query_one("#insecure", TextCheckbox).value)


def _problem(name: str) -> str | None:
    return names.pull_problem(name) or names.digest_problem(name)
