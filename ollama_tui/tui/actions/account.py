"""The server's account at ollama.com: who it is, sign in, sign out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError, Unsupported
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    connected,
    not_connected,
    why_not,
)

if TYPE_CHECKING:
    from ollama_tui.domain.cloud import AccountStatus
    from ollama_tui.services.connection import Services

ASK_EVERY = 1.0
"""Seconds between two questions while somebody signs the server in."""
TRY_EVERY = 5.0
"""Seconds between two questions while the server cannot tell."""


async def account_statuses(services: Services) -> AsyncGenerator[AccountStatus, None]:
    """Yield who the server is, again and again until it is signed in or knows no accounts."""
    from ollama_tui.domain.cloud import account_status, status_after_error

    while True:
        try:
            status = account_status(await services.ollama.me())
        except OllamaError as error:
            status = status_after_error(error)
        yield status
        if status.is_final:
            return
        await services.clock.sleep(ASK_EVERY if status.signed_out else TRY_EVERY)


async def cloud_policy(services: Services) -> str:
    """Return a sentence on whether the server may use the cloud."""
    from ollama_tui.domain.cloud import why_disabled

    try:
        status = (await services.ollama.status()).cloud
    except Unsupported:
        return "This server does not say whether cloud models are allowed."
    except OllamaError as error:
        return error.title
    return why_disabled(status) or "Cloud models are allowed on this server."


def address_to_clipboard(context: ActionContext, address: str) -> None:
    """Send a sign-in address to the terminal's clipboard."""
    context.clipboard(inert(address), "The sign-in address")


async def show(context: ActionContext) -> None:
    """Show the account until it is left; sign out when that is wanted and confirmed."""
    from ollama_tui.tui.dialogs.account import AccountDialog

    services = connected(context)
    while await context.ask(
        AccountDialog(
            partial(account_statuses, services),
            partial(cloud_policy, services),
            partial(address_to_clipboard, context),
        )
    ):
        await sign_out(context)


async def sign_out(context: ActionContext) -> None:
    """Ask, then disconnect the server from its account."""
    from ollama_tui.tui.dialogs.choice import Confirm

    if (reason := why_not(SIGN_OUT, context)) is not None:
        context.tell(reason)
        return
    lines = (
        "Pushing and cloud models stop working for everyone who uses this server.",
        "Nothing is deleted; signing in again brings them back.",
    )
    if await context.ask(Confirm("Sign the server out of ollama.com?", lines, "sign out")) is True:
        await connected(context).ollama.sign_out()
        context.tell("The server is signed out of ollama.com.")


SIGN_OUT = Action("account.sign_out", "", "sign out", "Sign the server out of ollama.com.",
                  sign_out, group=ActionGroup.APP, changes_server=True)  # fmt: skip
"""What the dialog's own key asks before `sign_out`; not in the list of actions."""

ACTIONS = (
    Action("account.show", "", "account", "Show the server's ollama.com account; sign in or out.",
           show, not_connected, group=ActionGroup.APP,
           synonyms=("sign in", "login", "log in", "sign out", "logout", "log out", "whoami",
                     "ollama.com")),
)  # fmt: skip
