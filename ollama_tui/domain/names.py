"""Model names: their grammar, when two are the same, a server's suffixes, names in pasted texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ollama_tui.formatting import inert

DEFAULT_HOST = "registry.ollama.ai"
"""The same as `api.requests.DEFAULT_REGISTRY`, without loading msgspec to read a store."""
PUBLIC_HOSTS = (DEFAULT_HOST, "ollama.com")
"""Two spellings of one host: since 0.40 a server lists names of either without a host."""
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

SHADOW = "llamacpp:"
"""How the names begin under which a server keeps the backups of models it has converted."""

NameSource = Literal["cloud", "local"]

_NAME = re.compile(
    r"(?:(?:(?:[^/]*://)?(?P<host>\w[\w\-.:]{0,349})/)?(?P<namespace>\w[\w\-]{0,79})/)?"
    r"(?P<model>\w[\w\-.]{0,79})(?::(?P<tag>\w[\w\-.]{0,79}))?",
    re.ASCII,
)
_START = re.compile(r"\w", re.ASCII)
_DIGEST = re.compile(r"(?:sha256[-:])?([0-9a-f]{12,64})", re.IGNORECASE)
_RUNNERS = {"mlx", "mlxrunner", "ggml", "llamacpp", "llama.cpp", "llama-cpp", "llama_cpp"}
"""The spellings of runners that a server takes before the colon of a digest."""
_SHADOW = re.compile(
    r"(?:(?:(?:registry\.ollama\.ai|ollama\.com)/)?library/)?llamacpp:([0-9a-f]{64})", re.IGNORECASE
)


class InvalidName(ValueError):  # noqa: N818 - read as a sentence: except InvalidName
    """Not a model name; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Name:
    """A model's name in full; no part is ever empty."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def display(self) -> str:
        """The short form Ollama prints: default host and namespace left out, the tag never."""
        short = f"{self.model}:{self.tag}"
        if self.host != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{short}"
        return short if self.namespace == DEFAULT_NAMESPACE else f"{self.namespace}/{short}"

    @property
    def full(self) -> str:
        """Every part, defaults too."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def key(self) -> str:
        """Equal for two names exactly when a server since 0.40 takes them for the same model.

        Older ones keep names of `ollama.com` apart from those of `registry.ollama.ai`. That only
        makes us more careful: a name that the next server would give to another model is taken.
        """
        full = self.full.lower()
        host, slash, rest = full.partition("/")
        return f"{DEFAULT_HOST}{slash}{rest}" if host in PUBLIC_HOSTS else full


@lru_cache(maxsize=32_768)
def parse(text: str) -> Name:
    """Return the name `text` spells, defaults filled in; raise InvalidName."""
    match = _NAME.fullmatch(text)
    if match is None:
        raise InvalidName(_what_is_wrong(text))
    return Name(
        match["host"] or DEFAULT_HOST,
        match["namespace"] or DEFAULT_NAMESPACE,
        match["model"],
        match["tag"] or DEFAULT_TAG,
    )


def problem(text: str) -> str | None:
    """Return one sentence on why `text` is no model name; None when it is one."""
    return None if _NAME.fullmatch(text) else _what_is_wrong(text)


def comparison_key(text: str) -> str:
    """Return `Name.key` of a name; of any other text something only the same text has."""
    try:
        return parse(text).key
    except InvalidName:
        return text.lower()


def listed_as(text: str) -> str:
    """Return how a server lists the name `text`; what is no name stays as it is."""
    try:
        return parse(text).display
    except InvalidName:
        return text


def same(a: str, b: str) -> bool:
    """Whether both texts name one model: `foo`, `FOO` and `foo:latest` do."""
    return comparison_key(a) == comparison_key(b)


def digest_reference(text: str) -> str | None:
    """Return the hex digits, in lower case, of the digest that `text` is read as since 0.40.

    `sha256-…`, `sha256:…` and bare digits are, each also after a runner and a colon, and written
    out as a name (`library/…:latest`). 12 digits are enough: fewer than all 64 mean the blob that
    begins with them, and only without one the model of that name. None for any other name.
    """
    base, where = _split_source(text.strip())
    if where == "cloud":
        return None
    runner, colon, rest = base.partition(":")
    match = _DIGEST.fullmatch(rest if colon and runner.lower() in _RUNNERS else base)
    if match is None and (name := _NAME.fullmatch(base)) is not None:
        defaults = (*PUBLIC_HOSTS, ""), (DEFAULT_NAMESPACE, ""), (DEFAULT_TAG, "")
        given = (name[part] or "" for part in ("host", "namespace", "tag"))
        if all(part.lower() in usual for part, usual in zip(given, defaults, strict=True)):
            match = _DIGEST.fullmatch(name["model"])
    return match[1].lower() if match else None


def is_shadow(name: str, digest: str) -> bool:
    """Whether a listed name is the backup of a converted model: `llamacpp:` and its own digest.

    A server since 0.40 makes one for each model it converts, so that an older one keeps the
    converted weights. `digest` is as in the list, 64 hex digits.
    """
    match = _SHADOW.fullmatch(name)
    return match is not None and match[1].lower() == digest.lower().removeprefix("sha256:")


def source(text: str) -> NameSource | None:
    """Return where the suffix of `text` sends a server: `:cloud`, `-cloud` in a tag, `:local`."""
    return _split_source(text)[1]


def resolved(text: str) -> str:
    """Return the name that pull and delete really use for `text`; raise InvalidName.

    `m:20b:cloud` means `m:20b-cloud`, and `m:local` means `m`: deleting it deletes `m:latest`.
    """
    base, where = _split_source(text)
    if where is not None and _split_source(base)[1] is not None:
        raise InvalidName("Use :local or :cloud, and only once.")
    if where == "cloud":
        base += "-cloud" if ":" in base.rpartition("/")[2] else ":cloud"
    parse(base)
    return base


def deletion_problem(text: str, listed: Collection[tuple[str, str]] = ()) -> str | None:
    """Return why deleting the model `text` would delete another one; None when it would not.

    A server takes `m:local` for `m`, whatever is installed, and since 0.40 a name of hex digits
    for what has that digest. `listed` are the names and digests of the server's list. A digest
    written as such, `sha256-` and all its digits, is meant to be one, and so is a shadow.
    """
    try:
        meant = parse(resolved(text))
    except InvalidName:
        return None
    if not same(meant.full, text):
        taken = inert(meant.display)
        return f"{inert(text)} cannot be deleted: a server takes that name for {taken}."
    digits = digest_reference(text)
    if digits is None or text.lower() in (f"sha256-{digits:0>64}", f"sha256:{digits:0>64}"):
        return None
    hit = [name for name, digest in listed if digest.startswith(digits) and name != text]
    if not hit or is_shadow(text, digits):
        return None
    return f"{inert(text)} cannot be deleted: a server takes it for the digest of {inert(hit[0])}."


def case_variants(chosen: Collection[str], there: Iterable[str]) -> dict[str, str]:
    """Return by which name not chosen, of those `there`, one of `chosen` may be taken for it.

    They differ by case only, as they can on a case-sensitive disk: a server takes either.
    """
    asked = frozenset(chosen)
    others = {name.lower(): name for name in there if name not in asked}
    return {name: others[name.lower()] for name in chosen if name.lower() in others}


def pull_problem(text: str) -> str | None:
    """Return why `text` can be neither pulled nor deleted, in one sentence; None when it can."""
    try:
        resolved(text)
    except InvalidName as reason:
        return str(reason)
    return None


def digest_problem(text: str) -> str | None:
    """Return that `text` would be read as a digest, in one sentence; None when it would not."""
    if digest_reference(text) is None:
        return None
    return f"“{inert(text)}” cannot be used: a server would read it as a digest."


def new_name_problem(text: str) -> str | None:
    """Return why `text` must not be the name of a copy or a new model; None when it may."""
    wrong = problem(text)
    if wrong is not None:
        return wrong
    if (wrong := digest_problem(text)) is not None:
        return wrong
    tag = parse(text).tag.lower()
    if tag == "local":
        return "The tag “local” cannot be used: a server would not find the model again."
    if tag == "cloud" or tag.endswith("-cloud"):
        return f"The tag “{inert(tag)}” cannot be used: a server would look for it in the cloud."
    return None


def _split_source(text: str) -> tuple[str, NameSource | None]:
    base, colon, suffix = text.rpartition(":")
    lowered = suffix.lower()
    if not colon or "/" in suffix:
        return text, None
    if lowered == "cloud":
        return base, "cloud"
    if lowered == "local":
        return base, "local"
    if lowered.endswith("-cloud"):
        return text[: -len("-cloud")], "cloud"
    return text, None


def _what_is_wrong(text: str) -> str:
    if not text.strip():
        return "Type the name of a model."
    if text != text.strip():
        return "A name cannot begin or end with a space."
    if "@" in text:
        return "A digest cannot be part of a name: leave out “@” and what follows."
    return next(filter(None, (_part_problem(*part) for part in _parts(text))), "") or (
        "The server's address is not complete, as in https://host/namespace/model."
    )


def _parts(text: str) -> list[tuple[str, str, str, int]]:
    """Cut `text` from the right into (what, part, allowed punctuation, longest), left to right."""
    parts: list[tuple[str, str, str, int]] = []
    if text.rfind(":") > text.rfind("/"):
        text, _, tag = text.rpartition(":")
        parts.append(("tag", tag, "_-.", 80))
    rest, slash, model = text.rpartition("/")
    parts.append(("model name", model, "_-.", 80))
    if slash:
        rest, slash, namespace = rest.rpartition("/")
        is_host = not slash and any(mark in namespace for mark in ".:")
        parts.append(("address" if is_host else "namespace", namespace, "_-", 80))
    if slash:
        parts.append(("server address", rest.rpartition("://")[2], "_-.:", 350))
    return parts[::-1]


def _part_problem(what: str, part: str, punctuation: str, longest: int) -> str | None:
    if what == "address":
        return f"A server needs a namespace after it: {inert(part)[:80]}/NAMESPACE/MODEL."
    if not part:
        return f"The {what} is missing."
    if not _START.match(part):
        return f"A {what} cannot begin with {_said(part[0])}: use a letter, a digit or “_”."
    if wrong := re.search(rf"[^\w{re.escape(punctuation)}]", part, re.ASCII):
        allowed = "letters, digits and " + " ".join(punctuation)
        return f"A {what} cannot contain {_said(wrong[0])}: only {allowed}."
    if len(part) > longest:
        return f"The {what} is longer than {longest} characters."
    return None


def _said(character: str) -> str:
    return "a space" if character.isspace() else f"“{inert(character)}”"
