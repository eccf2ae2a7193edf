"""Models as a person thinks of them: what list and show say, what runs, and a snapshot of all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import MAX_INT64, Answers, Count, ListedModel, RunningModel, Show
from ollama_tui.domain import names
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.domain.listed import row_for_runner, running_by_row, without_backups
from ollama_tui.domain.memory.shape import MemoryShape, decoded, encoded
from ollama_tui.formatting import inert

if TYPE_CHECKING:
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.domain.notes import Note

_COUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMBT]?)\s*", re.IGNORECASE)
BACKUP_LETTERS = len("llamacpp:") + 12
"""Letters of the name of a backup that tell it from others."""
_SCALE = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What show taught us about a manifest digest; small enough to keep for every model."""

    capabilities: tuple[str, ...] = ()
    context_length: Count = 0
    blobs: tuple[str, ...] = ()
    """Digests (64 hex) of the FROM, ADAPTER and DRAFT blobs; empty when the server names none."""
    weights: str = ""
    """Digest of the first FROM blob; models that share it share their weights."""
    weight_bytes: Count = 0
    """About what that blob takes, where the size of the model does not tell; 0 when unknown."""
    parameter_count: Count = 0
    """Parameters, exactly; 0 where the metadata does not say."""
    memory_text: str = ""
    """What its memory depends on, as `encoded`; empty where the metadata does not say."""

    @property
    def memory(self) -> MemoryShape | None:
        """What its memory depends on; None where nobody says, as of safetensors."""
        return decoded(self.memory_text) if self.memory_text else None


class ModelKey(NamedTuple):
    """What tells one row of the list from every other: a name alone may have several."""

    name: str
    digest: str


class Model(msgspec.Struct, frozen=True, gc=False):
    """A model of the list, with the facts learned about its digest and its runner, if any.

    The garbage collector leaves it out: to look through 10,000 of them takes as long as a key.
    """

    listed: ListedModel
    facts: Facts | None = None
    running: RunningModel | None = None
    siblings: int = 0
    """How many other rows of the list have its name: other manifests, for other runners."""
    backup: str = ""
    """The name under which the server keeps it for an older Ollama; empty when it lists none."""
    last_run: datetime | None = None
    """When it was last seen running, or began what still runs; None when it was not."""
    server_memory: AvailableMemory | None = None
    """What memory its server has; None while that is not known."""
    note: Note | None = None
    """What the user keeps for its name; None for nothing."""

    @property
    def name(self) -> str:
        """The name for requests, as the server spells it; one row for each of its manifests."""
        return self.listed.name

    @property
    def key(self) -> ModelKey:
        """The identity of the model."""
        return ModelKey(self.listed.name, self.listed.digest)

    @property
    def runner(self) -> str:
        """What runs it by its manifest: `llamacpp`, `ggml`, `mlx`; empty before v0.40."""
        return self.listed.details.runner

    @property
    def asked_runner(self) -> str:
        """The `runner` of requests about this row; empty where the name alone says which."""
        return self.listed.details.runner if self.siblings else ""

    @property
    def is_backup(self) -> bool:
        """Whether it is only the backup of a model, which has no row of its own any more."""
        return names.is_shadow(self.listed.name, self.listed.digest)

    @property
    def full_name(self) -> str:
        """The name, raw, and the runner where the name has several rows."""
        runner = self.asked_runner
        return f"{self.listed.name} ({runner})" if runner else self.listed.name

    @property
    def name_label(self) -> str:
        """The name on the screen, where all that is under it is meant."""
        return inert(self.listed.name)

    @property
    def label(self) -> str:
        """What the row is called on the screen: the name, and the runner of one of several."""
        if self.is_backup:
            return f"backup {inert(self.listed.name)[:BACKUP_LETTERS]}… of a deleted model"
        return inert(self.full_name)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, 64 hex digits; may be empty."""
        return self.listed.digest

    @property
    def size(self) -> int:
        """Bytes as the server counts them: shared layers in full; tiny for cloud stubs."""
        return self.listed.size

    @property
    def is_cloud(self) -> bool:
        """Whether the weights are elsewhere; decided by the stub's fields, never by the name."""
        return bool(self.listed.remote_host or self.listed.remote_model)

    @property
    def is_answered_in_cloud(self) -> bool:
        """Whether ollama.com answers questions on it: a server passes on any name with a cloud tag,
        even when the model is all here."""
        return self.is_cloud or self.listed.has_cloud_tag

    @property
    def is_loaded(self) -> bool:
        """Whether a runner holds it in memory."""
        return self.running is not None

    @property
    def capabilities(self) -> frozenset[str] | None:
        """What it can do, by the list or by show, which knows more; None while neither has said.

        A stub's details may name none, which says nothing.
        """
        listed, facts = self.listed.capabilities, self.facts
        if facts is not None and (facts.capabilities or not self.is_cloud):
            return frozenset((*facts.capabilities, *(listed or ())))
        return None if listed is None else frozenset(listed)

    @property
    def context_length(self) -> int:
        """Trained context in tokens; 0 when unknown."""
        if self.listed.details.context_length:
            return self.listed.details.context_length
        return self.facts.context_length if self.facts else 0

    @property
    def parameter_count(self) -> int:
        """Number of parameters, exact once show has said it, else as rounded; 0 when unknown."""
        if self.facts is not None and self.facts.parameter_count:
            return self.facts.parameter_count
        return parameter_count(self.listed.details.parameter_size)

    @property
    def details_key(self) -> str:
        """The manifest digest, or the name for the rare entry that has none."""
        return self.listed.digest or f"name:{self.listed.name}"

    @property
    def weights_key(self) -> str:
        """What aliases and models that share weights have in common, and no others."""
        return (self.facts.weights if self.facts else "") or self.details_key

    def can(self, *capabilities: str) -> bool:
        """Whether it is known to have all of `capabilities`."""
        return (known := self.capabilities) is not None and known.issuperset(capabilities)


@lru_cache(maxsize=4096)
def parameter_count(text: str) -> int:
    """Return `8.2B` or `137M` as a number; 0 when it is not one."""
    match = _COUNT.fullmatch(text)
    return round(float(match[1]) * _SCALE[match[2].upper()]) if match else 0


def aliases(models: Iterable[Model]) -> dict[str, tuple[str, ...]]:
    """Return the names of each digest that more than one name carries."""
    models = tuple(models)
    counts = Counter([model.listed.digest for model in models])
    shared = {digest for digest, count in counts.items() if count > 1 and digest}
    by_digest: dict[str, list[str]] = {}
    for model in models if shared else ():
        if model.listed.digest in shared:
            by_digest.setdefault(model.digest, []).append(model.name)
    return {digest: tuple(names) for digest, names in by_digest.items()}


def facts_of(show: Show) -> Facts:
    """Return what to remember of `show` for the list, filters and sums."""
    from ollama_tui.domain.memory.metadata import memory_shape  # the first frame has no details
    from ollama_tui.domain.modelfile.syntax import blobs
    from ollama_tui.domain.quantization import file_size

    digests = blobs(show.modelfile)
    return Facts(
        capabilities=tuple(sorted(show.capabilities or ())),
        context_length=context_length(show),
        blobs=digests,
        weights=digests[0] if digests else "",
        weight_bytes=file_size(show.tensors) if len(digests) > 1 else 0,
        parameter_count=_count(show, "general.parameter_count"),
        memory_text=encoded(memory_shape(show)),
    )


def context_length(show: Show) -> int:
    """Return the trained context in tokens from the metadata; 0 when it does not say."""
    return _count(show, f"{show.model_info.get('general.architecture')}.context_length")


def _count(show: Show, key: str) -> int:
    value = show.model_info.get(key)
    return value if isinstance(value, int) and 0 < value <= MAX_INT64 else 0


key_of: Callable[[Model], ModelKey] = attrgetter("listed.name", "listed.digest")  # type: ignore[assignment]
"""Returns what equals `Model.key`, quickly: for all rows at once."""


def models_from(
    listed: tuple[ListedModel, ...],
    running: tuple[RunningModel, ...],
    facts: Mapping[str, Facts],
    last_runs: LastRuns | None = None,
    memory: AvailableMemory | None = None,
    notes: Mapping[str, Note] | None = None,
) -> tuple[Model, ...]:
    """Return one value per row of the list, of which a name may have several; notes are by name.

    Backups are no rows, but are named by the model they are of, as long as that is listed.
    """
    listed, backups = without_backups(listed)
    runners = running_by_row(listed, running) if running else {}
    ran, notes = last_runs.by_digest if last_runs else {}, notes or {}
    counts = Counter([m.name for m in listed])
    if len(counts) == len(listed) and not (backups or runners or ran or notes):
        return tuple([Model(m, facts.get(m.digest), None, 0, "", None, memory) for m in listed])
    return tuple(
        [
            Model(
                m,
                facts.get(m.digest),
                runners.get((m.name, m.digest)),
                counts[m.name] - 1,
                backups.get(m.digest, ""),
                ran.get(m.digest),
                memory,
                notes.get(m.name),
            )
            for m in listed
        ]
    )


def successor(key: ModelKey, runner: str, models: Iterable[Model]) -> ModelKey | None:
    """Return which of `models` a row that is gone goes on as, by its key and its `runner`.

    A pull puts another digest under a name. Then the row of that name with the same runner follows,
    else the first one; None when nothing of that name is listed.
    """
    heir = row_for_runner((m.listed for m in models if m.listed.name == key.name), runner)
    return ModelKey(heir.name, heir.digest) if heir is not None else None


def by_comparison_key(models: Iterable[Model]) -> dict[str, Model]:
    """Return models by `names.comparison_key`, under which a server compares their names.

    Of several rows of one name it is the first.
    """
    return {names.comparison_key(model.name): model for model in reversed(tuple(models))}


class ConnectionState(StrEnum):
    """Whether the server answers."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Snapshot:
    """The models of one server, and which of them run; the newest answer wins whole."""

    models: tuple[Model, ...] = ()
    running: tuple[RunningModel, ...] = ()
    version: str = ""
    state: ConnectionState = ConnectionState.CONNECTING
    problem: OllamaError | None = None
    """Why the last refresh failed; None when it did not."""
    fetched_at: datetime | None = None
    """When the list came; None while it is only remembered from an earlier run."""
    seen_at: datetime | None = None
    """When a list that is only remembered was seen last; None when that is not known."""
    unknown_capabilities: int = 0
    """Models whose capabilities are not known yet."""
    watched_since: datetime | None = None
    """When this server was looked at first: `Model.last_run` knows of no run before that."""
    facts_to_fetch: int = 0
    """Digests whose facts are still to be asked for: what the models share is not known yet."""

    @cached_property
    def by_name(self) -> dict[str, Model]:
        """Models by name; of several manifests of one name the first that is listed."""
        return {model.name: model for model in reversed(self.models)}

    @cached_property
    def by_key(self) -> dict[ModelKey, Model]:
        """Models by name and digest."""
        return dict(zip(map(key_of, self.models), self.models, strict=True))

    def named(self, name: str) -> tuple[Model, ...]:
        """Return all rows of the models called exactly `name`, in the order of the list."""
        first = self.by_name.get(name)
        if first is None or not first.siblings:
            return (first,) if first else ()
        return tuple([model for model in self.models if model.listed.name == name])

    def followed(self, key: ModelKey, before: Snapshot) -> ModelKey:
        """Return `key`, or what follows it where the name has another digest now; see `successor`.

        `before` is an earlier snapshot that may still hold the row. Nothing that was listed then
        follows it: of several rows of a name one was deleted.
        """
        if (first := self.by_name.get(key.name)) is None or first.digest == key.digest:
            return key
        rows = self.named(key.name)
        earlier = {model.digest: model.runner for model in before.named(key.name)}
        if any(model.digest == key.digest for model in rows):
            return key
        fresh = (model for model in rows if model.digest not in earlier)
        return successor(key, earlier.get(key.digest, ""), fresh) or key

    def model(self, name: str | None) -> Model | None:
        """Return the model called exactly `name`, or None."""
        return self.by_name.get(name) if name is not None else None

    def answered(self, answers: Answers, at: datetime) -> Snapshot:
        """Return this with what the server answered at `at`, but for the list: see `with_list`."""
        return replace(
            self,
            running=answers.running,
            version=answers.version,
            state=ConnectionState.UP,
            problem=None,
            fetched_at=at,
        )

    def with_list(
        self,
        listed: tuple[ListedModel, ...],
        running: tuple[RunningModel, ...],
        facts: Mapping[str, Facts],
        facts_to_fetch: int = 0,
        last_runs: LastRuns | None = None,
        memory: AvailableMemory | None = None,
        notes: Mapping[str, Note] | None = None,
    ) -> Snapshot:
        """Return this with the models that are listed, run and known; the same ones if equal."""
        models = models_from(listed, running, facts, last_runs, memory, notes)
        if models == self.models:
            models = self.models
        unknown_capabilities = sum(
            [m.capabilities is None and not m.is_answered_in_cloud for m in models]
        )
        return replace(
            self,
            models=models,
            unknown_capabilities=unknown_capabilities,
            facts_to_fetch=facts_to_fetch,
            watched_since=last_runs.since if last_runs else self.watched_since,
        )

    def able(self, *capabilities: str) -> tuple[Model, ...]:
        """Return the models known to have all of `capabilities`."""
        return tuple(model for model in self.models if model.can(*capabilities))
