"""Methods of dataclasses that are compiled when they are called are those compiled at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, replace

import pytest

from ollama_tui.start.dataclass_methods import compiled_when_called

with compiled_when_called():

    @dataclass(frozen=True, order=True)
    class Frozen:
        name: str
        sizes: tuple[int, ...] = ()

    @dataclass(slots=True)
    class Slotted:
        self_: str
        lines: list[str] = field(default_factory=list)

    @dataclass
    class Base:
        first: int = 1

        def __post_init__(self) -> None:
            self.sum = self.first

    @dataclass
    class Derived(Base):
        second: int = 2

    class Plain(Derived):
        pass


def test_they_do_what_they_should() -> None:
    one, other = Frozen("a", (1,)), Frozen(name="b")
    assert one == replace(other, name="a", sizes=(1,))
    assert one != other
    assert one < other
    assert len({one, other, Frozen("a", (1,))}) == 2
    assert repr(other) == "Frozen(name='b', sizes=())"
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "c"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Frozen()  # type: ignore[call-arg]


def test_slots_and_factories_work() -> None:
    one, other = Slotted("x"), Slotted("y")
    one.lines.append("line")
    assert (one.lines, other.lines) == (["line"], [])
    assert not hasattr(one, "__dict__")


def test_those_of_a_base_are_compiled_once_for_all() -> None:
    assert Plain(3, 4) == Plain(first=3, second=4)
    assert (Plain().sum, Derived(5).sum, Base(7).sum) == (1, 5, 7)
    assert Plain.__init__ is Derived.__init__
    assert Derived.__init__ is not Base.__init__


def test_outside_of_the_block_nothing_is_different() -> None:
    @dataclass
    class Usual:
        name: str

    assert Usual.__init__.__code__.co_varnames[:2] == ("self", "name")
