"""What is known of one server at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Answers, ListedModel, RunningModel
from ollama_tui.domain.model import Facts, Model


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
    unknown_capabilities: int = 0
    """Models whose capabilities are not known yet."""
    facts_to_fetch: int = 0
    """Digests whose facts are still to be asked for: what the models share is not known yet."""

    @cached_property
    def by_name(self) -> dict[str, Model]:
        """Models by name."""
        return {model.name: model for model in self.models}

    @cached_property
    def longest_name(self) -> int:
        """Letters of the longest name."""
        return max([len(model.listed.name) for model in self.models], default=0)

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
    ) -> Snapshot:
        """Return this with the models that are listed, run and known; the same ones if equal."""
        models = combine(listed, running, facts)
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
        )

    def able(self, *capabilities: str) -> tuple[Model, ...]:
        """Return the models known to have all of `capabilities`."""
        return tuple(model for model in self.models if model.can(*capabilities))


def details_key(model: Model) -> str:
    """Return the manifest digest, or the name for the rare entry that has none."""
    return model.digest or f"name:{model.name}"


def combine(
    listed: tuple[ListedModel, ...],
    running: tuple[RunningModel, ...],
    facts: Mapping[str, Facts],
) -> tuple[Model, ...]:
    """Return one value per listed model, with its facts and its runner.

    The server lists a runner under the first of its names only, so it is found by digest as well.
    """
    runners = {r.digest: r for r in running if r.digest} | {r.name: r for r in running}
    if not runners:
        return tuple([Model(m, facts.get(m.digest)) for m in listed])
    return tuple(
        [
            Model(m, facts.get(m.digest), runners.get(m.name) or runners.get(m.digest))
            for m in listed
        ]
    )
