"""What actions wish of the screen itself: loaded with the first wish, as each workplace is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import ModalScreen

from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import Place, Wish
from ollama_tui.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main import MainScreen


async def carry_out(wish: Wish, main: MainScreen) -> None:
    """Do to the main screen what an action wishes, or have the program do it."""
    match wish:
        case Wish.OPEN_DETAILS:
            main.details.open()
            await main.details.known()
        case Wish.CLOSE_DETAILS:
            main.details.close()
        case Wish.NEXT_TAB | Wish.PREVIOUS_TAB:
            main.details.pane.tabs.action_move(1 if wish is Wish.NEXT_TAB else -1)
        case Wish.OPEN_FILTER:
            main.query_one(FilterBar).open(main.view.filter)
        case Wish.FULL_METADATA:
            await _full_metadata(main)
        case Wish.JOBS | Wish.KEYS | Wish.STORAGE | Wish.RUNNING | Wish.CLOUD:
            await main.app.push_screen_wait(_workplace(wish, main))
        case Wish.PALETTE:
            await _palette(main)
        case Wish.FIND:
            await _find(main)
        case Wish.FIND_NEXT | Wish.FIND_PREVIOUS:
            main.details.pane.text.find_again(backwards=wish is Wish.FIND_PREVIOUS)
        case _:
            await main.tui.interface(wish)


def _workplace(wish: Wish, main: MainScreen) -> ModalScreen[None]:
    """Return the screen that a wish names, from a module loaded only now."""
    if wish is Wish.KEYS:
        from ollama_tui.tui.screens.keys import KeysScreen

        return KeysScreen(ACTIONS, main.context)
    if wish is Wish.STORAGE:
        from ollama_tui.tui.screens.storage import StorageScreen

        return StorageScreen(main.context, main)
    if wish is Wish.RUNNING:
        from ollama_tui.tui.screens.running import RunningScreen

        return RunningScreen(main.context)
    if wish is Wish.CLOUD:
        from ollama_tui.tui.screens.cloud import CloudScreen

        return CloudScreen(main.context)
    from ollama_tui.tui.screens.jobs import JobsScreen

    assert main.tui.session is not None
    return JobsScreen(main.tui.session.jobs)


async def _full_metadata(main: MainScreen) -> None:
    """Ask for the arrays of the metadata, which are too long to be asked for unasked."""
    from ollama_tui.domain.details import whole_values

    model, session = main.current, main.tui.session
    if model is not None and session is not None:
        verbose = await session.ollama.show_verbose(model.name)
        main.details.pane.show_arrays(model, whole_values(verbose))


async def _find(main: MainScreen) -> None:
    """Ask for a text and go to it in the tab shown."""
    from ollama_tui.tui.dialogs.text_questions import FindDialog

    text = await main.context.ask(FindDialog(main.details.pane.text.searched))
    if text and not main.details.pane.text.find(text):
        main.tui.tell(f"“{text}” is not in this tab.")


async def _palette(main: MainScreen) -> None:
    """Find an action of the place where the keys go, and run it there."""
    from ollama_tui.tui.palette import PaletteScreen

    here = Place.DETAILS if main.details.focused else Place.LIST
    actions = [action for action in ACTIONS if action.place in (here, Place.EVERYWHERE)]
    chosen = await main.app.push_screen_wait(PaletteScreen(actions, main.context))
    if chosen is not None:
        main.action_run(chosen)
