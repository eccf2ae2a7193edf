"""What stands under the name of a model that is to be made: looked at right before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.domain import names
from ollama_tui.formatting import inert, size

if TYPE_CHECKING:
    from ollama_tui.services.jobs.task import Server


@dataclass(frozen=True, slots=True)
class Taken:
    """A model that nobody agreed to replace, under a name that one is to be made by."""

    name: str
    """As the server spells it, raw."""
    size: int
    """Bytes."""
    digest: str
    changed: bool
    """Whether it was agreed to replace another one of that name, and not that there was none."""

    @property
    def words(self) -> str:
        """What happened to it, for a sentence about it."""
        how = "changed" if self.changed else "appeared"
        return f"{how} on the server meanwhile ({size(self.size)})"


class NameTaken(OllamaError):  # noqa: N818 - named as the rest of its tree
    """A model was not made, because that would have replaced one unasked."""

    def __init__(self, there: Taken) -> None:
        """Tell of what is `there`."""
        super().__init__(
            f"{inert(there.name)} was not replaced: it {there.words}.",
            "Do it again to be asked about that; in J, r does.",
        )
        self.there = there
        """What is under the name now."""


async def check_name(server: Server, name: str, replaces: str | None) -> None:
    """Raise NameTaken if there is a model `name` of another digest than `replaces`.

    None stands for no model. Names are told apart as a server does: neither by case, nor by a
    missing `:latest`. Also raises what listing the models does.
    """
    key, spelled = names.key(name), names.listed_as(name)
    found = [model for model in await server.list() if names.key(model.name) == key]
    # On a case-sensitive disk there may be several: the one spelled alike is the one meant.
    found = [model for model in found if model.name == spelled] or found
    if found and found[0].digest != replaces:
        there = found[0]
        raise NameTaken(Taken(there.name, there.size, there.digest, replaces is not None))
