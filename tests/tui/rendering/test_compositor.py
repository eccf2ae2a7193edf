"""The compositor draws what Textual's would, and has fewer lines rendered for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual._compositor import ChopsUpdate, Compositor
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from ollama_tui.tui.rendering.compositor import SparseCompositor
from ollama_tui.tui.rendering.diff import DiffApp, strips_of

WIDTH, HEIGHT = 40, 12


class Lines(Static):
    """Remembers which of its lines it was asked for."""

    asked: frozenset[int] = frozenset()

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked |= {*crop.line_range}
        return super().render_lines(crop)


class Panes(DiffApp[None]):
    """Panes with borders beside each other, one of them scrolled, under a layer of its own."""

    CSS = """
    Screen { layers: below above; }
    Vertical { width: 1fr; border: round red; border-title-color: blue; }
    VerticalScroll { width: 1fr; border: round red; }
    #long { height: auto; }
    #above { layer: above; offset: 6 3; width: 9; height: 3; background: green; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical() as pane:
                pane.border_title = "A title"
                yield Lines("\n".join(f"{n} 漢字 left" for n in range(HEIGHT)), id="left")
            with VerticalScroll():
                yield Lines("\n".join(f"{n} right" for n in range(3 * HEIGHT)), id="long")
        yield Static("above\n漢字", id="above")

    @property
    def compositor(self) -> Compositor:
        return self.screen._compositor


regions = st.builds(
    Region,
    st.integers(-2, WIDTH),
    st.integers(-2, HEIGHT),
    st.integers(1, WIDTH),
    st.integers(1, HEIGHT // 2),
)


def drawn(update: ChopsUpdate | None) -> list[tuple[int, int, Strip]]:
    return [] if update is None else list(strips_of(update))


async def test_it_draws_what_textual_draws() -> None:
    app = Panes()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.query_one(VerticalScroll).scroll_to(y=5, animate=False)
        await pilot.pause()
        ours = app.compositor

        @given(st.lists(regions, min_size=1, max_size=4))
        def same(dirty: list[Region]) -> None:
            on_screen = [region.intersection(ours.size.region) for region in dirty]
            ours._dirty_regions = {region for region in on_screen if region}
            expected = drawn(Compositor.render_partial_update(ours))
            ours._dirty_regions = set(dirty)
            assert drawn(ours.render_partial_update()) == expected
            assert ours.render_partial_update() is None  # all is drawn now

        with app._context():
            same()


async def test_only_lines_between_the_first_and_the_last_that_is_drawn_are_rendered() -> None:
    app = Panes()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        left, right = app.query_one("#left", Lines), app.query_one("#long", Lines)
        left.asked = right.asked = frozenset()
        # The upper border, and two lines of what is on the left.
        app.compositor._dirty_regions = {
            Region(0, 0, 40, 1),
            Region(1, 2, 14, 1),
            Region(1, 4, 9, 1),
        }
        with app._context():
            app.compositor.render_partial_update()
        assert (set(left.asked), set(right.asked)) == ({1, 2, 3}, set())


async def test_what_waits_is_drawn_together_later() -> None:
    app = Panes()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        ours = app.compositor
        assert isinstance(ours, SparseCompositor)
        with app._context():
            ours.render_update()
            dirty = [Region(0, 0, 9, 1), Region(3, 4, 5, 2)]
            ours._dirty_regions = set(dirty)
            expected = drawn(ours.render_partial_update())
            ours.waits = lambda: True
            for region in dirty:
                ours._dirty_regions.add(region)
                assert ours.render_update() is None
            assert ours.has_changed
            ours.waits = lambda: False
            update = ours.render_update()
            assert isinstance(update, ChopsUpdate)
            assert drawn(update) == expected
            assert not ours.has_changed
