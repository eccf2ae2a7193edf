"""The rows of a server's list: which are models, what runs of them; several may have one name.

Servers since 0.40 keep several manifests under one name, one for each runner. A preview of 0.40
lists each as a row of its own; a release lists the one it would run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ollama_tui.api.replies import ListedModel, RunningModel
from ollama_tui.domain.names import SHADOW, is_shadow
from ollama_tui.formatting import inert

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model


def without_backups(
    listed: tuple[ListedModel, ...],
) -> tuple[tuple[ListedModel, ...], dict[str, str]]:
    """Return the rows that are models, and the names of their backups by digest.

    A backup whose model is not listed stays a row: it takes space, and can be deleted.
    """
    if f"\n{SHADOW}" not in "\n".join(["", *[m.name for m in listed]]):
        return listed, {}
    shadows = {m.digest: m.name for m in listed if is_shadow(m.name, m.digest)}
    models = tuple(m for m in listed if m.name != shadows.get(m.digest))
    known = {m.digest for m in models}
    left = tuple(m for m in listed if m.name != shadows.get(m.digest) or m.digest not in known)
    return left, {digest: name for digest, name in shadows.items() if digest in known}


def running_by_row(
    listed: tuple[ListedModel, ...], running: tuple[RunningModel, ...]
) -> dict[tuple[str, str], RunningModel]:
    """Return what runs by the name and digest of each row that it is.

    The server lists a runner under the first of its names only, so it is found by digest as well.
    What runs under a digest that is no longer listed, as after a conversion, is found by name.
    """
    exact = {(r.name, r.digest): r for r in running}
    by_digest = {r.digest: r for r in running if r.digest}
    by_name = {r.name: r for r in running}
    rows = [m for m in listed if m.digest in by_digest or m.name in by_name]
    found: dict[tuple[str, str], RunningModel] = {}
    for m in rows:
        if runner := exact.get((m.name, m.digest)) or by_digest.get(m.digest):
            found[m.name, m.digest] = runner
    taken = {id(runner) for (name, _), runner in found.items() if name == runner.name}
    for runner in running:
        if id(runner) not in taken and (
            heir := row_for_runner((m for m in rows if m.name == runner.name), runner.runner)
        ):
            found.setdefault((heir.name, heir.digest), runner)
    return found


def row_for_runner(rows: Iterable[ListedModel], runner: str) -> ListedModel | None:
    """Return the first row with `runner`, else the first; None when there are none."""
    rows = list(rows)
    return next((m for m in rows if m.details.runner == runner), rows[0] if rows else None)


def manifests_of(model: Model, models: Iterable[Model]) -> str:
    """Return `all 2 manifests of NAME: ggml, llamacpp`; empty where the name has one row."""
    if not model.siblings:
        return ""
    runners = sorted(m.runner or "?" for m in models if m.name == model.name)
    return f"all {len(runners)} manifests of {model.name_label}: {inert(', '.join(runners))}"
