"""Looking around: details, filter, sort, marks, two models compared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.domain.columns import COLUMNS
from ollama_tui.tui.actions.action import (
    FOOTER_ALWAYS,
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    no_model,
    not_connected,
)

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model, ModelKey

GROUP_KEY = "together"
"""Key of what the sort menu offers beside the columns."""


def in_details(context: ActionContext) -> bool:
    """Whether the details have the keys: the list has others for its footer."""
    return context.in_details


def hidden_marks(context: ActionContext) -> frozenset[ModelKey]:
    """Return the marked models that the filter hides: a question about them says so."""
    return context.view.marks - {row.key for row in context.rows}


def hint_if_hidden(context: ActionContext, name: str) -> str:
    """Return how to see a model that was just made, if the filter hides it; else nothing."""
    from ollama_tui.domain.columns import Listing
    from ollama_tui.domain.rows import list_rows
    from ollama_tui.tui.actions.jobs import find

    if not context.view.filter.strip() or (model := find(context, name)) is None:
        return ""
    # Not the rows that are drawn: they may be older than what was made.
    listing = Listing().updated(context.snapshot.models)
    found = list_rows(listing, context.view, now=connected(context).clock.now())
    if found.problems or any(row.key == model.key for row in found.rows):
        return ""
    return "Hidden by the filter: esc shows it."


def no_rows(context: ActionContext) -> str | None:
    """Say that nothing is listed."""
    return None if context.rows else "The list is empty."


async def clear_filter(context: ActionContext) -> None:
    """Show all models again."""
    context.set_view(replace(context.view, filter=""))


async def choose_filter(context: ActionContext) -> None:
    """Ask for one of the saved filters and show the list by it."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    options = tuple(Alternative(f"@{name}", name, text) for name, text in context.view.saved)
    asked = Choice("Filter by", options, current=context.view.filter)
    if (chosen := await context.ask(asked)) is not None:
        context.set_view(replace(context.view, filter=chosen))


def no_saved_filters(context: ActionContext) -> str | None:
    """Say how filters are saved."""
    if context.view.saved:
        return None
    return "No filter is saved yet: “save filter” in the palette saves the one that is set."


async def save_filter(context: ActionContext) -> None:
    """Ask for a name for the filter that is set, and save it."""
    from ollama_tui.domain.filter.parser import parse
    from ollama_tui.tui.dialogs.text_questions import SaveFilterDialog

    view, text = context.view, context.view.filter.strip()
    query = parse(text, view.saved)
    if query.problems:
        context.tell("The filter was not saved: something is wrong with it.", "Correct it first.")
        return
    if "@" in text:  # what is saved stands for itself, and not for what @name will be
        text = " ".join(map(str, query.terms))
    fixed = dict(context.settings.filters)
    name = await context.ask(SaveFilterDialog(text, fixed, context.saved_filters.own))
    if name is not None:
        kept = context.saved_filters.save(name, text)
        _take_over_saved(context)
        once = "" if kept else "It cannot be written to disk, so it is there until you quit."
        context.tell(f"@{name} is saved.", once)


def no_filter_to_save(context: ActionContext) -> str | None:
    """Say that there is no filter."""
    return None if context.view.filter.strip() else "No filter is set: / types one."


async def delete_filter(context: ActionContext) -> None:
    """Ask for one of the filters saved in the program, and forget it."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    own = context.saved_filters.own
    longest = max(map(len, own))
    options = tuple(Alternative(name, f"{name:{longest}}  {own[name]}") for name in own)
    asked = Choice("Delete a saved filter", options, hint="enter delete   esc cancel")
    if (name := await context.ask(asked)) is not None:
        text = own[name]
        context.saved_filters.delete(name)
        _take_over_saved(context)
        context.tell(f"@{name} is deleted.", f"It was {text}")


def no_own_filters(context: ActionContext) -> str | None:
    """Say that there is no filter to delete here."""
    if context.saved_filters.own:
        return None
    if context.view.saved:
        return "All saved filters are in config.toml: delete them there."
    return "No filter is saved."


def _take_over_saved(context: ActionContext) -> None:
    saved = context.saved_filters.with_config(context.settings.filters)
    context.set_view(replace(context.view, saved=saved))


async def mark(context: ActionContext) -> None:
    """Mark the current model, or take its mark off, and go to the next."""
    model = context.current
    if model is None:
        return
    rows = context.rows
    # Looked up before: a filter may take the model away with its mark.
    following = rows[rows.index(model) + 1 :][:1]
    context.set_view(replace(context.view, marks=context.view.marks ^ {model.key}))
    if following:
        context.move_to(following[0].key)


async def mark_range(context: ActionContext) -> None:
    """Mark everything between the cursor and the nearest mark above it, else below it."""
    keys = [row.key for row in context.rows]
    here = keys.index(context.current.key) if context.current else 0
    marked = [n for n, key in enumerate(keys) if key in context.view.marks and n != here]
    above = [n for n in marked if n < here]
    other = above[-1] if above else (marked[0] if marked else here)
    if other == here:
        context.tell("Marked from here: move, then v marks up to there.")
    between = keys[min(here, other) : max(here, other) + 1]
    context.set_view(replace(context.view, marks=context.view.marks | set(between)))


async def mark_all(context: ActionContext) -> None:
    """Mark every model shown."""
    shown = {row.key for row in context.rows}
    context.set_view(replace(context.view, marks=context.view.marks | shown))


async def mark_none(context: ActionContext) -> None:
    """Take all marks off, also of models a filter hides."""
    context.set_view(replace(context.view, marks=frozenset()))


def no_marks(context: ActionContext) -> str | None:
    """Say that nothing is marked."""
    return None if context.view.marks else "Nothing is marked: space marks the model at the cursor."


async def invert_marks(context: ActionContext) -> None:
    """Mark the models shown that have no mark, and take the marks of the others off."""
    shown = {row.key for row in context.rows}
    context.set_view(replace(context.view, marks=context.view.marks ^ shown))


async def step_model(context: ActionContext, by: int) -> None:
    """Move the cursor of the list, also where the details hide it."""
    keys = [row.key for row in context.rows]
    if context.current is not None and context.current.key in keys:
        place = keys.index(context.current.key) + by
        if 0 <= place < len(keys):
            context.move_to(keys[place])


def is_last(context: ActionContext) -> str | None:
    """Say that no model follows."""
    is_end = not context.rows or context.current is None or context.current is context.rows[-1]
    return "This is the last model of the list." if is_end else None


def is_first(context: ActionContext) -> str | None:
    """Say that no model comes before."""
    is_end = not context.rows or context.current is None or context.current is context.rows[0]
    return "This is the first model of the list." if is_end else None


async def sort(context: ActionContext) -> None:
    """Ask for the column to sort by."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    view, columns = context.view, context.columns
    options = []
    for column in columns:
        falling = column.descending is not view.reverse
        now = f"{'↓' if falling else '↑'} now; again reverses it" if column.key == view.sort else ""
        options.append(Alternative(column.key, column.title.capitalize(), now))
    if columns is COLUMNS:
        verb = "Stop grouping" if view.grouped else "Group"
        options.append(Alternative(GROUP_KEY, verb, "models that share weights"))
    asked = Choice("Sort by", tuple(options), current=view.sort, hint="enter sort   esc cancel")
    chosen = await context.ask(asked)
    if chosen == GROUP_KEY:
        await group(context)
    elif chosen is not None:
        await sort_by(context, chosen)


async def group(context: ActionContext) -> None:
    """Group models that share weights, or stop grouping."""
    context.set_view(replace(context.view, grouped=not context.view.grouped))


async def sort_by(context: ActionContext, column: str) -> None:
    """Sort by `column`; reverse the order when it is sorted by already."""
    again = column == context.view.sort
    reverse = not context.view.reverse if again else False
    context.set_view(replace(context.view, sort=column, reverse=reverse))


async def reverse(context: ActionContext) -> None:
    """Reverse the order."""
    context.set_view(replace(context.view, reverse=not context.view.reverse))


COMPARE_HINT = "Mark two models to compare, or mark one and go to the other."


def pair(context: ActionContext) -> tuple[Model, ...]:
    """Return the marked models; the current one is the second to a single mark."""
    marked = context.targets if context.view.marks else ()
    current = context.current
    if len(marked) == 1 and current is not None and current.key != marked[0].key:
        return (*marked, current)
    return marked


def cannot_compare(context: ActionContext) -> str | None:
    """Say why there are not exactly two models to compare."""
    count = len(pair(context))
    if count > 2:
        return f"{count} models are marked. {COMPARE_HINT}"
    return not_connected(context) if count == 2 else COMPARE_HINT


ACTIONS = (
    Action("details.open", "enter,l,right,i", "details", "Open the details of the model.",
           "open_details", no_model, place=Place.LIST, footer=4,
           synonyms=("show", "info", "inspect", "view", "open", "describe")),
    Action("details.close", "escape,h,left", "back", "Go back to the list.",
           "close_details", place=Place.DETAILS, cancels_pending=True, footer=FOOTER_ALWAYS),
    Action("details.next", "tab", "next tab", "Show the next tab of the details.",
           "turn_tab(1)", no_model, footer=2, footer_while=in_details),
    Action("details.previous", "shift+tab", "previous tab", "Show the previous tab of the details.",
           "turn_tab(-1)", no_model),
    Action("details.next_model", "right_square_bracket", "next model",
           "Show the next model of the list.",
           partial(step_model, by=1), is_last, place=Place.DETAILS, footer=3),
    Action("details.previous_model", "left_square_bracket", "previous model",
           "Show the previous model of the list.",
           partial(step_model, by=-1), is_first, place=Place.DETAILS, footer=4),
    Action("details.metadata", "f", "all metadata", "Fetch all metadata, long lists included.",
           "fetch_metadata", no_model, place=Place.DETAILS, keys_wait=False),
    Action("details.find", "slash", "find", "Find as you type in this tab; esc ends it.",
           "find", place=Place.DETAILS, footer=1, synonyms=("search", "grep")),
    Action("details.find_next", "n", "next match", "Go to the next match.",
           "find_again(1)", place=Place.DETAILS),
    Action("details.find_previous", "N", "previous match", "Go to the previous match.",
           "find_again(-1)", place=Place.DETAILS),
    Action("filter.open", "slash", "filter", "Filter as you type: words, or field:value.",
           "open_filter", place=Place.MODEL_TABLES, footer=1,
           synonyms=("search", "find", "grep", "query")),
    Action("filter.clear", "escape", "clear filter", "Show all models again.",
           clear_filter, place=Place.LIST, cancels_pending=True,
           synonyms=("show all", "no filter")),
    Action("table.leave", "escape", "back", "Show all rows again, or go back.",
           "leave", group=ActionGroup.APP, place=Place.TABLES_BESIDE_LIST, footer=FOOTER_ALWAYS,
           cancels_pending=True),
    Action("filter.saved", "at", "saved filters", "Choose one of the saved filters.",
           choose_filter, no_saved_filters, place=Place.MODEL_TABLES,
           synonyms=("presets",)),
    Action("filter.save", "", "save filter", "Save this filter under a name, to use as @name.",
           save_filter, no_filter_to_save, place=Place.MODEL_TABLES,
           synonyms=("name filter", "remember filter", "bookmark")),
    Action("filter.delete", "", "forget filter", "Delete a filter saved in the program.",
           delete_filter, no_own_filters, place=Place.MODEL_TABLES,
           synonyms=("delete saved filter",)),
    Action("sort.choose", "s", "sort", "Choose the column to sort by.",
           sort, group=ActionGroup.MARK, place=Place.MODEL_TABLES, footer=2,
           synonyms=("order",)),
    Action("sort.reverse", "backslash", "reverse", "Reverse the order.",
           reverse, group=ActionGroup.MARK, place=Place.MODEL_TABLES),
    Action("sort.group", "", "group", "Group models that share weights, or stop grouping.",
           group, group=ActionGroup.MARK, place=Place.LIST,
           synonyms=("together", "shared weights")),
    *(Action(f"sort.{c.key}", str(number) if number <= 9 else "", f"by {c.title.lower()}",
             f"Sort by {c.title.lower()}; again to reverse.",
             partial(sort_by, column=c.key), group=ActionGroup.MARK, place=Place.LIST)
      for number, c in enumerate(COLUMNS, 1)),
    Action("mark.toggle", "space", "mark", "Mark or unmark the model at the cursor.",
           mark, no_model, group=ActionGroup.MARK, place=Place.MODEL_TABLES, footer=3,
           synonyms=("select", "tick")),
    Action("mark.range", "v", "mark range", "Mark from the nearest mark to the cursor.",
           mark_range, no_model, group=ActionGroup.MARK, place=Place.MODEL_TABLES,
           synonyms=("select range", "visual")),
    Action("mark.all", "a", "mark all", "Mark every model shown.",
           mark_all, no_rows, group=ActionGroup.MARK, place=Place.MODEL_TABLES,
           synonyms=("select all",)),
    Action("mark.none", "A", "unmark all", "Remove all marks.",
           mark_none, no_marks, group=ActionGroup.MARK, place=Place.MODEL_TABLES,
           synonyms=("select none", "unselect", "deselect", "clear marks", "unmark")),
    Action("mark.invert", "asterisk", "invert", "Invert the marks.",
           invert_marks, no_rows, group=ActionGroup.MARK, place=Place.MODEL_TABLES,
           synonyms=("invert selection", "invert marks")),
    Action("model.compare", "equals_sign", "compare", "Compare two marked models.",
           "compare", cannot_compare,
           synonyms=("diff", "difference", "versus")),
    Action("compare.tab", "tab,shift+tab", "fields/texts", "Switch between fields and texts.",
           "next_text", place=Place.COMPARE, footer=1),
    Action("compare.fold", "f,space", "only different", "Show only what differs, or everything.",
           "fold", place=Place.COMPARE, footer=2),
    Action("compare.swap", "s", "swap", "Swap the two sides.",
           "swap", place=Place.COMPARE, footer=3),
    Action("compare.find", "slash", "find", "Find as you type in the texts.",
           "find", place=Place.COMPARE, footer=4, synonyms=("search",)),
    Action("compare.find_next", "n", "next match", "Go to the next match.",
           "find_again(1)", place=Place.COMPARE),
    Action("compare.find_previous", "N", "previous match", "Go to the previous match.",
           "find_again(-1)", place=Place.COMPARE),
    Action("compare.back", "q,equals_sign", "to the list", "Go back to the list.",
           "back", group=ActionGroup.APP, place=Place.COMPARE, cancels_pending=True),
    Action("compare.leave", "escape", "back", "End the search, or go back to the list.",
           "leave", group=ActionGroup.APP, place=Place.COMPARE, footer=FOOTER_ALWAYS,
           cancels_pending=True),
)  # fmt: skip
