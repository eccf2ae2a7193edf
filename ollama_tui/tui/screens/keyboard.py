"""The actions of a place as keys: what is pressed, and what the footer says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import ALWAYS, Action, ActionContext, Place, why_not
from ollama_tui.tui.widgets.status import footer_line

if TYPE_CHECKING:
    from ollama_tui.tui.app import OllamaTui


def bindings(place: Place) -> list[BindingType]:
    """Return the bindings of the actions of one place.

    An action without keys has a binding nobody can press, for users who give it a key.
    """
    return [
        Binding(
            a.keys or f"no-key.{a.id}",
            f"screen.run('{a.id}')",
            a.label,
            show=False,
            id=a.id,
            tooltip=a.help,
        )
        for a in ACTIONS
        if a.place is place
    ]


def footer(place: Place, tui: OllamaTui, context: ActionContext, width: int) -> StyledLine:
    """Return the keys that matter in one place, dimmed where they cannot act now."""

    def key(action: Action) -> tuple[str, str, bool]:
        return tui.key_of(action), action.label, why_not(action, context) is None

    rows = [a for a in ACTIONS if a.footer and a.place in (place, Place.EVERYWHERE)]
    rows.sort(key=lambda action: action.footer)
    return footer_line(
        [key(a) for a in rows if a.footer < ALWAYS],
        [key(a) for a in rows if a.footer >= ALWAYS],
        width,
    )
