"""Dataclasses whose methods are compiled when they are first called.

For each class, `dataclasses` writes the source of five to eight methods and compiles each. Of the
hundred classes of Textual's and ours that a start loads, most are not made by then, let alone
compared or printed: compiling all of it is an eighth of the time that importing Textual takes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def compiled_when_called() -> Iterator[None]:
    """Compile the methods of the dataclasses that are defined in this block when they are called.

    They work as they would otherwise: what is first called takes its own place in the class. Where
    this Python's `dataclasses` makes them in another way (from 3.13 on, all of a class at once),
    they are compiled as ever.
    """
    compiled = getattr(dataclasses, "_create_fn", None)
    if compiled is None:
        yield
        return

    def create(name: str, *source: Any, **names: Any) -> Callable[..., Any]:
        return _compiled_when_called(name, lambda: compiled(name, *source, **names))

    dataclasses._create_fn = create  # type: ignore[attr-defined]
    try:
        yield
    finally:
        dataclasses._create_fn = compiled  # type: ignore[attr-defined]


def _compiled_when_called(name: str, compiled: Callable[[], Any]) -> Callable[..., Any]:
    method: Any = None

    def first(self: Any, *args: Any, **options: Any) -> Any:
        nonlocal method
        if method is None:
            method = compiled()
            method.__qualname__ = first.__qualname__
        for owner in type(self).__mro__:
            if owner.__dict__.get(name) is first:
                setattr(owner, name, method)
        return method(self, *args, **options)

    first.__name__ = name
    return first
