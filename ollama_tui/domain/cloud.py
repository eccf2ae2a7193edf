"""ollama.com: its models, what a server recommends, the stubs installed, and a server's account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ollama_tui.api.errors import (
    Busy,
    Forbidden,
    Interrupted,
    NotFound,
    NotOllama,
    OllamaError,
    Refused,
    ServerFailed,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from ollama_tui.api.replies import (
    Account,
    CloudStatus,
    ListedModel,
    ModelDetails,
    Recommendation,
    Show,
)
from ollama_tui.domain import names
from ollama_tui.domain.columns import natural
from ollama_tui.domain.filter import parser as query
from ollama_tui.domain.filter.fields import Scope
from ollama_tui.domain.filter.parser import FilterProblem, SavedFilters
from ollama_tui.domain.model import Facts, Model, by_comparison_key, facts_of, parameter_count
from ollama_tui.formatting import UNKNOWN, StyledLine, inert, size

CLOUD_HOST = "https://ollama.com:443"
"""How stubs name the place where they run."""
_SIZE_IN_TAG = re.compile(r"(\d+(?:\.\d+)?)([bm])", re.IGNORECASE)


@dataclass(frozen=True)
class CatalogueEntry:
    """One model of the catalogue, from whoever knows of it."""

    model: Model
    """As a row of the list and for the filter: its name is the one to pull and to run.

    One that `is_cloud` comes as a stub without weights; `remote_model` is its name at ollama.com.
    """
    recommendation: Recommendation | None = None
    installed: str = ""
    """Its name on the server; empty when it is not there."""
    details: Show | None = None
    """What show said of it, once it was asked for."""

    @property
    def name(self) -> str:
        """The name to pull."""
        return self.model.name

    @property
    def key(self) -> str:
        """What identifies it."""
        return names.comparison_key(self.model.name)

    @property
    def description(self) -> str:
        """What it is good for, as the server says; may be empty."""
        return self.recommendation.description if self.recommendation else ""

    @property
    def where(self) -> tuple[str, ...]:
        """Who knows of it."""
        places = {
            "cloud": self.model.is_cloud,
            "recommended": self.recommendation is not None,
            "installed": bool(self.installed),
        }
        return tuple(place for place, there in places.items() if there)

    @property
    def needs(self) -> str:
        """The plan it asks for, or the memory it wants, inert."""
        known = self.recommendation
        if known is None or not (known.required_plan or known.vram_bytes):
            return UNKNOWN
        return inert(known.required_plan) or size(known.vram_bytes)


def stub_name(offered: str) -> str:
    """Return the name to pull a model of ollama.com by; raise InvalidName.

    `gpt-oss:120b` is pulled as `gpt-oss:120b-cloud`, and `qwen3.5` as `qwen3.5:cloud`.
    """
    if names.source(offered) == "cloud":
        return names.resolved(offered)
    return names.resolved(f"{offered}:cloud")


def offered_name(stub: str) -> str:
    """Return the name that ollama.com knows a stub by: both suffixes have six characters."""
    return stub[: -len(":cloud")] if names.source(stub) == "cloud" else stub


def catalogue(
    offered: Iterable[ListedModel],
    recommended: Iterable[Recommendation],
    installed: Sequence[Model],
    shown: Mapping[str, Show] | None = None,
) -> tuple[CatalogueEntry, ...]:
    """Return one entry per model: recommendations in their order, then the rest by name.

    `shown` are details already asked for, by `CatalogueEntry.key`. Names that cannot be pulled are
    left out: nobody could do anything with them.
    """
    at_cloud = {
        names.comparison_key(name): (name, tag) for tag in offered if (name := _pulled_as(tag.name))
    }
    advised = {
        names.comparison_key(name): (name, advice)
        for advice in recommended
        if (name := _pulled_as(advice.model, cloud=False))
    }
    here = by_comparison_key(installed)
    stubs = {
        key: (m.name, m)
        for key, m in here.items()
        if m.is_cloud and names.source(m.name) == "cloud"
    }
    others = sorted({**stubs, **at_cloud}.items(), key=lambda item: natural(item[1][0]))
    entries = []
    for key, (name, _) in [*advised.items(), *(o for o in others if o[0] not in advised)]:
        tag = at_cloud[key][1] if key in at_cloud else None
        advice = advised[key][1] if key in advised else None
        show = (shown or {}).get(key)
        entries.append(_entry(name, tag, advice, here.get(key), show))
    return tuple(entries)


def _pulled_as(text: str, *, cloud: bool = True) -> str:
    """Return the name to pull; empty for a text that is no name."""
    try:
        return stub_name(text) if cloud else names.resolved(text)
    except names.InvalidName:
        return ""


def _entry(
    name: str,
    tag: ListedModel | None,
    advice: Recommendation | None,
    local: Model | None,
    show: Show | None,
) -> CatalogueEntry:
    """Return what is known, the best source first: details, the catalogue, the stub, advice."""
    sources = (show, tag, local.listed if local else None)
    known = [source.details for source in sources if source is not None]
    families = [details.family for details in known]
    levels = [details.quantization_level for details in known]
    sizes = [d.parameter_size for d in known if parameter_count(d.parameter_size)]
    contexts = [details.context_length for details in known]
    contexts += [local.context_length if local else 0, advice.context_length if advice else 0]
    facts = None
    if show is not None:
        facts = facts_of(show)
    elif tag is not None and tag.capabilities is not None:
        facts = Facts(capabilities=tuple(tag.capabilities))
    elif local is not None and local.capabilities is not None:
        facts = Facts(tuple(sorted(local.capabilities)), local.context_length)
    in_cloud = names.source(name) == "cloud"
    listed = ListedModel(
        name=name,
        modified_text=tag.modified_text if tag else "",
        details=ModelDetails(
            family=next(filter(None, families), ""),
            parameter_size=next(iter(sizes), "") or size_in_tag(name),
            quantization_level=next(filter(None, levels), ""),
            context_length=next(filter(None, contexts), 0),
        ),
        remote_host=CLOUD_HOST if in_cloud else "",
        remote_model=offered_name(name) if in_cloud else "",
    )
    return CatalogueEntry(Model(listed, facts), advice, local.name if local else "", details=show)


def size_in_tag(name: str) -> str:
    """Return the number of parameters that a tag like `120b-cloud` states; empty without one."""
    for part in names.parse(name).tag.split("-"):
        if match := _SIZE_IN_TAG.fullmatch(part):
            return f"{match[1]}{match[2].upper()}"
    return ""


def filtered(
    entries: Sequence[CatalogueEntry], text: str, now: datetime, saved: SavedFilters = ()
) -> tuple[tuple[CatalogueEntry, ...], tuple[FilterProblem, ...]]:
    """Return the entries that a filter leaves, and what is wrong with it.

    Fields mean what they mean in the list; a word may also be in the description or say where an
    entry comes from.
    """
    asked = query.parse(text, saved)
    scope = Scope(tuple(entry.model for entry in entries), now)
    matching = tuple(e for e in entries if all(_matches(term, e, scope) for term in asked.terms))
    return matching, asked.problems_among(scope)


def _matches(term: query.Term, entry: CatalogueEntry, scope: Scope) -> bool:
    if term.field:
        return bool(term.keep((entry.model,), scope))
    text = " ".join((entry.name, entry.description, *entry.where)).lower()
    return any(value in text for value in term.values) is not term.negated


_KEY_PAGE = "ollama.com/settings/keys"
_BY_STATUS = {
    402: ("The account has used up what its plan allows.", "Wait, or change the plan there."),
    403: ("ollama.com does not allow this.", f"Check the key in OLLAMA_API_KEY at {_KEY_PAGE}."),
    404: ("ollama.com does not know this.", "R asks for the newest catalogue."),
    429: ("ollama.com is limiting requests.", "Wait a minute, then R asks again."),
    502: ("ollama.com is down or overloaded (502).", "Wait a while, then R asks again."),
}
_BY_KIND: tuple[tuple[type[OllamaError], str, str], ...] = (
    (
        Unreachable,
        "This machine cannot reach ollama.com.",
        "Check its connection and proxy settings, then R asks again.",
    ),
    (Interrupted, "The connection to ollama.com broke.", "R asks again."),
    (
        NotOllama,
        "Something else answers in place of ollama.com.",
        "Check this machine's proxy settings, then R asks again.",
    ),
    (
        Unauthorized,
        "ollama.com requires a key, or rejected the one it got.",
        f"Set OLLAMA_API_KEY to one from {_KEY_PAGE}, then start again.",
    ),
    (Forbidden, *_BY_STATUS[403]),
    (NotFound, *_BY_STATUS[404]),
    (Busy, *_BY_STATUS[429]),
    (ServerFailed, "ollama.com failed to answer.", "Wait a while, then R asks again."),
    (Refused, "ollama.com did not understand the request.", "A newer ollama-tui may help."),
)


def cloud_error(error: OllamaError) -> OllamaError:
    """Return an error of ollama.com in our words: its own are not repeated.

    Some servers repeat in their answer what they were sent, and that may be a key.
    """
    if isinstance(error, Refused) and error.status in _BY_STATUS:
        return OllamaError(*_BY_STATUS[error.status])
    for kind, title, hint in _BY_KIND:
        if isinstance(error, kind):
            return OllamaError(title, hint)
    return error


def why_disabled(status: CloudStatus) -> str:
    """Return that cloud models are switched off on the server and who did it; empty if not."""
    if not status.disabled:
        return ""
    places = {"env": ["OLLAMA_NO_CLOUD"], "config": ["disable_ollama_cloud in its server.json"]}
    places["both"] = places["env"] + places["config"]
    by = " and ".join(places.get(status.source, ["its settings"]))
    return f"Cloud models are switched off on this server by {by}: they can be pulled, not run."


_LABEL_CELLS = 12
"""Cells of the column of labels."""


def entry_lines(entry: CatalogueEntry) -> list[StyledLine]:
    """Return the details of an entry."""
    lines: list[StyledLine] = [((entry.name, "strong"),)]
    if entry.description:
        lines.append(((entry.description, ""),))
    lines += [((f"{label:<{_LABEL_CELLS}}", "muted"), (value, "")) for label, value in _rows(entry)]
    if entry.model.is_cloud and not entry.installed:
        lines.append((("p", "key"), (" pulls it: a few hundred bytes, no weights", "muted")))
    if entry.model.is_cloud and entry.details is None:
        lines.append((("enter", "key"), (" asks ollama.com for more", "muted")))
    return lines


def _rows(entry: CatalogueEntry) -> Iterator[tuple[str, str]]:
    model, advice = entry.model, entry.recommendation
    if entry.installed:
        yield "Installed", f"as {entry.installed}"
    if entry.model.is_cloud:
        yield "Runs at", f"ollama.com, as {entry.model.listed.remote_model}"
    if model.capabilities is not None:
        yield "Can", " ".join(sorted(model.capabilities)) or "not stated"
    if model.listed.details.family:
        yield "Family", model.listed.details.family
    if model.context_length:
        yield "Context", f"{model.context_length:,} tokens"
    if advice is not None and advice.max_output_tokens:
        yield "Writes", f"up to {advice.max_output_tokens:,} tokens"
    if advice is not None and advice.vram_bytes:
        yield "Needs", f"{size(advice.vram_bytes)} VRAM"
    if advice is not None and advice.required_plan:
        yield "Plan", advice.required_plan


NAMELESS_ACCOUNT = "an account without a name"


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
    user = inert(account.name or account.email) or NAMELESS_ACCOUNT
    return AccountStatus(user, inert(account.email), inert(account.plan) or "free")


def status_after_error(error: OllamaError) -> AccountStatus:
    """Return what follows from having no account to read."""
    if isinstance(error, Unauthorized):
        return AccountStatus(signed_out=True, signin_url=error.signin_url or "")
    too_old = isinstance(error, Unsupported)
    return AccountStatus(trouble=error.title, hint=error.hint, too_old=too_old)


def describe_account(status: AccountStatus | None) -> str:
    """Return in a line or two who the server is; None means that it has not answered yet."""
    if status is None:
        return "Asking the server who it is at ollama.com …"
    if status.user:
        return f"The server is signed in to ollama.com as {status.user}."
    if not status.signed_out:
        return f"{status.trouble} {status.hint}".strip()
    if status.signin_url:
        return (
            "The server is not signed in to ollama.com. Open this to connect its key:\n"
            f"{status.signin_url}"
        )
    return (
        "The server is not signed in to ollama.com, and does not say where to connect its key. "
        "Run “ollama signin” on the server."
    )
