"""One list of models, which keeps what every key pressed in the filter would need anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from ollama_tui.domain import columns as order
from ollama_tui.domain.model import Model, aliases


class Listing:
    """Models, and what was found out about all of them; of orders it keeps the last."""

    def __init__(self, models: Sequence[Model] = ()) -> None:
        self.models = tuple(models)
        self._order: tuple[str, bool] | None = None
        self._sorted: tuple[Model, ...] = ()
        self._lowered: tuple[tuple[Model, ...], list[str]] = ((), [])

    @cached_property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """Names by digest, for digests with several."""
        return aliases(self.models)

    def sorted_by(self, column: str, reverse: bool) -> tuple[Model, ...]:
        """Return the models in an order."""
        if self._order != (column, reverse):
            self._sorted = order.sort(self.models, column, reverse)
            self._order = (column, reverse)
        return self._sorted

    def lowered(self, models: tuple[Model, ...]) -> list[str]:
        """Return the lower-case names of `models`: side by side, they are read in no time."""
        if self._lowered[0] is not models:
            self._lowered = (models, [model.name.lower() for model in models])
        return self._lowered[1]
