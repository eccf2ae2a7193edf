"""The preview of the create form: what is going to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message as Event
from textual.widgets import Static

from ollama_tui.domain.create.form import Draft
from ollama_tui.domain.create.preview import changes, curl, modelfile
from ollama_tui.tui.dialogs.create_tabs import Tab
from ollama_tui.tui.widgets.text_view import TextView


class Preview(TextView):
    """What is going to be sent, in one of several ways."""

    BINDINGS = [Binding("v", "turn", "View", show=False)]

    @dataclass
    class Turned(Event):
        """The other way is wanted."""

    def action_turn(self) -> None:
        """Show it in the next way."""
        self.post_message(self.Turned())


class PreviewPane(Vertical):
    """The Modelfile, the curl command, or what changes; as it is typed."""

    def __init__(self, draft: Draft, *, id: str, to_read: bool = True) -> None:
        super().__init__(id=id)
        self._draft = draft
        self._way = CHANGES if draft.edit else MODELFILE
        self._to_read = to_read

    def compose(self) -> ComposeResult:
        """Yield the text."""
        yield Static(id="way", classes="label", markup=False)
        text = Preview(id="text")
        text.can_focus = self._to_read
        yield text

    def on_resize(self) -> None:
        """Draw what was not drawn while there was no room for it."""
        self._draw()

    def show(self, draft: Draft) -> None:
        """Draw the text, when it can be seen."""
        self._draft = draft
        if self.display:
            self._draw()

    def _draw(self) -> None:
        self.query_one("#way", Static).update(self._way)
        text = self.query_one(Preview)
        request = self._draft.request()
        if self._way == CHANGES:
            text.show(changes(self._draft), document=self._way)
        else:
            write = modelfile if self._way == MODELFILE else curl
            text.show(write(request), document=self._way)

    @on(Preview.Turned)
    def _turn(self) -> None:
        self._way = WAYS[(WAYS.index(self._way) + 1) % len(WAYS)]
        self._draw()


class PreviewTab(Tab):
    """The preview as a tab, to read all of it and in other ways."""

    keys = "v: as Modelfile, as curl, what changes"

    def __init__(self, draft: Draft) -> None:
        super().__init__(id="preview")
        self._start = draft

    def compose(self) -> ComposeResult:
        """Yield the pane."""
        yield PreviewPane(self._start, id="whole")

    def show(self, draft: Draft) -> None:
        """Draw the pane, when it can be seen."""
        if self.display:
            self.query_one(PreviewPane).show(draft)


MODELFILE = "As a Modelfile: what is inherited is not repeated"
CURL = "As curl"
CHANGES = "What changes, compared with the base"
WAYS = (MODELFILE, CURL, CHANGES)
