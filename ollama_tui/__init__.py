"""Browse and curate the models of an Ollama server from the terminal, or from Python.

The names of `__all__` are the library. Each loads its module when it is first used, so that
`import ollama_tui` alone loads nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` would cost 5 ms of every start
if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama
    from ollama_tui.api.errors import (
        Busy,
        Forbidden,
        Interrupted,
        InvalidRequest,
        NotFound,
        NotOllama,
        OllamaError,
        ReadOnly,
        Refused,
        ServerFailed,
        Silent,
        Stalled,
        Unauthorized,
        Unreachable,
        Unsupported,
    )
    from ollama_tui.api.host import Host, parse_host
    from ollama_tui.api.replies import (
        Account,
        ListedModel,
        Loaded,
        ManifestShow,
        Message,
        ModelDetails,
        Progress,
        Recommendation,
        RunningModel,
        Show,
        ShowManifests,
        Status,
        VerboseShow,
    )
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.domain.memory.available import AvailableMemory, Device
    from ollama_tui.domain.memory.fit import Fit, Fits, fit, largest_context
    from ollama_tui.domain.memory.footprint import Footprint, Load, footprint
    from ollama_tui.domain.memory.metadata import memory_shape
    from ollama_tui.domain.memory.shape import Basis, MemoryShape
    from ollama_tui.services.library import Library

__version__ = "0.1.0"

__all__ = [
    "Account",
    "AvailableMemory",
    "Basis",
    "Busy",
    "CreateRequest",
    "Device",
    "Fit",
    "Fits",
    "Footprint",
    "Forbidden",
    "Host",
    "Interrupted",
    "InvalidRequest",
    "Library",
    "ListedModel",
    "Load",
    "Loaded",
    "ManifestShow",
    "MemoryShape",
    "Message",
    "ModelDetails",
    "NotFound",
    "NotOllama",
    "Ollama",
    "OllamaError",
    "Progress",
    "ReadOnly",
    "Recommendation",
    "Refused",
    "RunningModel",
    "ServerFailed",
    "Show",
    "ShowManifests",
    "Silent",
    "Stalled",
    "Status",
    "Unauthorized",
    "Unreachable",
    "Unsupported",
    "VerboseShow",
    "fit",
    "footprint",
    "largest_context",
    "memory_shape",
    "parse_host",
]

_MODULES = {
    "ollama_tui.api.client": "Ollama",
    "ollama_tui.api.errors": (
        "Busy Forbidden Interrupted InvalidRequest NotFound NotOllama OllamaError ReadOnly "
        "Refused ServerFailed Silent Stalled Unauthorized Unreachable Unsupported"
    ),
    "ollama_tui.api.host": "Host parse_host",
    "ollama_tui.api.replies": (
        "Account ListedModel Loaded ManifestShow Message ModelDetails Progress Recommendation "
        "RunningModel Show ShowManifests Status VerboseShow"
    ),
    "ollama_tui.api.requests": "CreateRequest",
    "ollama_tui.domain.memory.available": "AvailableMemory Device",
    "ollama_tui.domain.memory.fit": "Fit Fits fit largest_context",
    "ollama_tui.domain.memory.footprint": "Footprint Load footprint",
    "ollama_tui.domain.memory.metadata": "memory_shape",
    "ollama_tui.domain.memory.shape": "Basis MemoryShape",
    "ollama_tui.services.library": "Library",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker would take every name for an attribute

    def __getattr__(name: str) -> object:
        """Load a public name; raises AttributeError for any other."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
