"""What can be discovered: the rows of the tabs, and the orders of the catalogue."""

from __future__ import annotations

from ollama_tui.api.huggingface_replies import Repository
from ollama_tui.domain.cloud import CatalogueEntry
from ollama_tui.domain.columns import BY_KEY, natural
from ollama_tui.domain.huggingface import Quantization
from ollama_tui.domain.orders import AS_GIVEN, Order
from ollama_tui.domain.published import LayerRow

Discovered = CatalogueEntry | Repository | Quantization | LayerRow
"""A row of any of the tabs."""

ORDERS: tuple[Order[CatalogueEntry], ...] = (
    Order("name", "NAME", lambda entry: natural(entry.name)),
    Order("params", "PARAMS", lambda e: BY_KEY["params"].sort_key(e.model), descending=True),
    Order("ctx", "CTX", lambda e: BY_KEY["ctx"].sort_key(e.model), descending=True),
    Order("can", "CAN", lambda e: BY_KEY["can"].sort_key(e.model)),
    Order(AS_GIVEN, "RECOMMENDED"),
)
"""In display order; as given, recommendations are first."""
