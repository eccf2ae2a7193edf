"""A compositor that renders only the lines of a widget that will be drawn.

For every update Textual renders all lines of all widgets in the rectangle around everything that
changed. When the cursor moves, a few lines here and there change, and that is the whole screen.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen
    from textual.strip import Strip

Line = dict[int, "Strip | None"]
"""The pieces of one line of the screen by the column they begin in; None is not drawn."""


class SparseCompositor(Compositor):
    """Renders each widget only from the first to the last of its lines that are drawn."""

    is_held = False
    """Whether nothing is rendered for now, because more is about to change."""
    waits: Callable[[], bool] = staticmethod(lambda: False)
    """Whether what has changed is drawn later, with what will have changed until then."""

    @property
    def has_changed(self) -> bool:
        """Whether there is something to be drawn."""
        return bool(self._dirty_regions)

    def render_update(
        self,
        full: bool = False,
        screen_stack: list[Screen[Any]] | None = None,
        simplify: bool = False,
    ) -> RenderableType | None:
        """Return what has changed since the last update; None if nothing has, or not now."""
        if self.is_held:
            self._dirty_regions.clear()
            return None
        if self._dirty_regions and not full and self.waits():
            return None
        return super().render_update(full, screen_stack, simplify)

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return what has changed since the last update; None if nothing has."""
        screen = self.size.region
        dirty = {seen for region in self._dirty_regions if (seen := region.intersection(screen))}
        self._dirty_regions.clear()
        if not dirty:
            return None
        spans = list(self._regions_to_spans(dirty))
        return ChopsUpdate(self._pieces(spans), spans, [cuts[1:] for cuts in self.cuts])

    def _pieces(self, spans: list[tuple[int, int, int]]) -> list[Line]:
        """Return every line of the screen with the pieces that `spans` touch."""
        missing: dict[int, set[int]] = {}
        """Start columns of the pieces still to be rendered, by line."""
        lines: list[Line] = [{}] * self.size.height
        for y, left, right in spans:
            if y not in missing:
                missing[y] = set()
                lines[y] = dict.fromkeys(self.cuts[y][:-1])
            touched = (x for x, end in pairwise(self.cuts[y]) if x < right and end > left)
            missing[y].update(touched)
        for widget, (region, clip) in self.visible_widgets.items():  # those in front come first
            place = region.intersection(clip)
            x, end = place.column_span
            rows = [
                y
                for y, columns in missing.items()
                if place.y <= y < place.bottom and any(x <= column < end for column in columns)
            ]
            if not rows:
                continue
            first, last = rows[0], rows[-1]
            crop = Region(x - region.x, first - region.y, place.width, last + 1 - first)
            strips = widget.render_lines(crop)
            for y in rows:
                cuts = [cut for cut in self.cuts[y] if x <= cut <= end]
                pieces = strips[y - first].divide([cut - x for cut in cuts[1:]])
                found = [(at, p) for at, p in zip(cuts, pieces, strict=False) if at in missing[y]]
                lines[y].update(found)
                missing[y].difference_update([at for at, _ in found])
                if not missing[y]:
                    del missing[y]
            if not missing:
                break
        return lines
