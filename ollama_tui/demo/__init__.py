"""An embedded Ollama: a server in memory behind an httpx transport, to try and to test against."""

from ollama_tui.demo.server import Demo

__all__ = ["Demo"]
