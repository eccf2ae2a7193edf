"""The tabs of the create form that are texts in an order: messages, and licenses to add."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from ollama_tui.api.replies import Message
from ollama_tui.domain.create.form import LONGEST, Draft
from ollama_tui.formatting import size
from ollama_tui.tui.dialogs.create_lists import ListTab, glance
from ollama_tui.tui.dialogs.create_parts import LicenseDialog, MessageDialog, TextDialog
from ollama_tui.tui.dialogs.create_tabs import Change
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn

T = TypeVar("T")


class SequenceTab(ListTab, Generic[T]):
    """Texts in an order."""

    @abstractmethod
    def items(self, draft: Draft) -> tuple[T, ...]:
        """Return the texts of a draft."""

    @abstractmethod
    def with_items(self, draft: Draft, items: tuple[T, ...]) -> Draft:
        """Return the draft with other texts."""

    @abstractmethod
    def dialog(self, item: T | None) -> TextDialog[T]:
        """Return what asks for one."""

    @abstractmethod
    def text(self, item: T) -> str:
        """Return the text of one."""

    @property
    def place(self) -> int:
        """Which one is under the cursor."""
        return int(self.table.cursor or 0)

    def spliced(self, start: int, end: int, *items: T) -> Change:
        """Return the change that puts these in place of those from `start` to `end`."""

        def change(draft: Draft) -> Draft:
            every = self.items(draft)
            return self.with_items(draft, (*every[:start], *items, *every[end:]))

        return change

    def add(self) -> None:
        """Ask for one and put it at the end."""
        end = len(self.items(self.draft))

        def put(item: T) -> None:
            self.go_to(str(end))
            self.edit(self.spliced(end, end, item))

        self.ask(self.dialog(None), partial(self.spliced, end, end), put)

    def change(self) -> None:
        """Ask for the one under the cursor anew."""
        place = self.place
        item = self.items(self.draft)[place]
        if len(self.text(item)) > LONGEST:
            self.say("This text is too long to be changed here.")
        else:
            spliced = partial(self.spliced, place, place + 1)
            self.ask(self.dialog(item), spliced, lambda changed: self.edit(spliced(changed)))

    def drop(self) -> None:
        """Remove the one under the cursor."""
        self.edit(self.spliced(self.place, self.place + 1))

    def move(self, by: int) -> None:
        """Change places with the next or the one before."""
        first = min(self.place, self.place + by)
        items = self.items(self.draft)[first : first + 2] if first >= 0 else ()
        if len(items) == 2:
            self.go_to(str(self.place + by))
            self.edit(self.spliced(first, first + 2, items[1], items[0]))


class MessagesTab(SequenceTab[Message]):
    """A conversation that every chat begins with."""

    keys = "a add   enter change   d remove   K J move up, down"
    empty = "No messages. Press a to add one."
    columns = CellRows(
        (TableColumn("ROLE", 9, id="role"), TableColumn("TEXT", 20, flexible=True, id="text"))
    )

    def items(self, draft: Draft) -> tuple[Message, ...]:
        """Return the messages."""
        return draft.shown_messages

    def with_items(self, draft: Draft, items: tuple[Message, ...]) -> Draft:
        """Return the draft with other messages."""
        return draft.with_messages(items)

    def text(self, item: Message) -> str:
        """Return what is said."""
        return item.content

    def dialog(self, item: Message | None) -> TextDialog[Message]:
        """Return what asks for a message: by turns, when it is another one."""
        last = next(reversed(self.items(self.draft)), None)
        return MessageDialog(item, "assistant" if last and last.role == "user" else "user")

    def about(self) -> str:
        """Say whose they are."""
        there = len(self.draft.inherited.messages)
        if not there:
            return "A conversation that every chat begins with."
        if self.draft.messages is None:
            return "Inherited. Changing any of them sends all of them."
        return f"Sent in place of all {there} inherited ones."

    def rows(self) -> Sequence[CellRow]:
        """Return a row for each message."""
        style = "muted" if self.draft.messages is None else ""
        return [
            CellRow(str(place), {"role": (m.role, ""), "text": (glance(m.content), style)})
            for place, m in enumerate(self.draft.shown_messages)
        ]


class LicenseTab(SequenceTab[str]):
    """Licenses to add."""

    keys = "a add   enter change   d remove   K J move up, down"
    empty = "No license to add. Press a to add one."
    columns = CellRows(
        (
            TableColumn("LICENSE", 20, flexible=True, id="text"),
            TableColumn("SIZE", 8, "right", id="size"),
        )
    )

    def items(self, draft: Draft) -> tuple[str, ...]:
        """Return the texts to add."""
        return draft.licenses

    def with_items(self, draft: Draft, items: tuple[str, ...]) -> Draft:
        """Return the draft with other licenses to add."""
        return replace(draft, licenses=items)

    def text(self, item: str) -> str:
        """Return the text itself."""
        return item

    def dialog(self, item: str | None) -> TextDialog[str]:
        """Return what asks for a license."""
        return LicenseDialog(item or "")

    def about(self) -> str:
        """Say what is there already and stays."""
        license = self.draft.inherited.license
        if not license:
            return "Added to those the base has."
        title = glance(license.strip())[:60]
        return f"Inherited and kept: {title} ({size(len(license.encode('utf-8', 'replace')))})"

    def rows(self) -> Sequence[CellRow]:
        """Return a row for each text."""
        return [
            CellRow(
                str(place), {"text": (glance(text), ""), "size": (size(len(text.encode())), "")}
            )
            for place, text in enumerate(self.draft.licenses)
        ]
