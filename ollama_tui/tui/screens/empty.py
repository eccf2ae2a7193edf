"""What stands in place of the list when there is nothing in it."""

from __future__ import annotations

from ollama_tui.domain.snapshot import Reach, Snapshot
from ollama_tui.domain.view import View
from ollama_tui.formatting import StyledLine, inert


def empty_lines(snapshot: Snapshot, view: View, blame: str, host_url: str) -> list[StyledLine]:
    """Return the lines that say why there are no models, and what to do."""
    if snapshot.models and view.filter:
        said = blame or "No model matches the filter."
        return [(), ((f"  {said}", ""),), (("  esc", "key"), (" shows all models", "muted"))]
    if snapshot.reach is Reach.CONNECTING:
        return [(), ((f"  Connecting to {inert(host_url)} …", "muted"),)]
    if snapshot.reach is Reach.DOWN and snapshot.problem is not None:
        return [
            (),
            ((f"  {snapshot.problem.title}", "bad"),),
            ((f"  {snapshot.problem.hint}", ""),),
            (),
            (("  It is tried again by itself. ", "muted"), ("R", "key"), (" tries now.", "muted")),
            (("  ", ""), ("D", "key"), (" opens the demo, which needs no server.", "muted")),
        ]
    return [
        (),
        (("  This server has no models yet.", ""),),
        (("  ", ""), ("p", "key"), (" pulls one, for example qwen3:1.7b.", "muted")),
    ]
