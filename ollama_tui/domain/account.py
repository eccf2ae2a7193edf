"""The account of a server at ollama.com, and how to describe it."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_tui.api.errors import OllamaError, Unauthorized, Unsupported
from ollama_tui.api.replies import Account
from ollama_tui.formatting import inert

NAMELESS = "an account without a name"


@dataclass(frozen=True)
class AccountStatus:
    """What a server said when asked for its account; texts are inert."""

    user: str = ""
    """Account name; empty when signed out or unknown."""
    email: str = ""
    plan: str = ""
    signed_out: bool = False
    signin_url: str = ""
    """Where a person connects the server's key; empty when signed in or unknown."""
    trouble: str = ""
    """Why nothing is known, a sentence; empty when something is."""
    hint: str = ""
    too_old: bool = False
    """Whether the server knows no accounts, so that asking again is no use."""

    @property
    def is_final(self) -> bool:
        """Whether asking again soon would tell the same."""
        return bool(self.user) or self.too_old


def account_status(account: Account) -> AccountStatus:
    """Return what an account says."""
    user = inert(account.name or account.email) or NAMELESS
    return AccountStatus(user, inert(account.email), inert(account.plan) or "free")


def status_after_error(error: OllamaError) -> AccountStatus:
    """Return what follows from having no account to read."""
    if isinstance(error, Unauthorized):
        return AccountStatus(signed_out=True, signin_url=error.signin_url or "")
    too_old = isinstance(error, Unsupported)
    return AccountStatus(trouble=error.title, hint=error.hint, too_old=too_old)


def describe_account(standing: AccountStatus | None) -> str:
    """Return in a line or two who the server is; None means that it has not answered yet."""
    if standing is None:
        return "Asking the server who it is at ollama.com …"
    if standing.user:
        return f"The server is signed in to ollama.com as {standing.user}."
    if not standing.signed_out:
        return f"{standing.trouble} {standing.hint}".strip()
    if standing.signin_url:
        return (
            "The server is not signed in to ollama.com. Open this to connect its key:\n"
            f"{standing.signin_url}"
        )
    return (
        "The server is not signed in to ollama.com, and does not tell where to connect its key. "
        "Run “ollama signin” on the server."
    )
