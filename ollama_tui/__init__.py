"""Browse and curate the models of an Ollama server from the terminal."""

__version__ = "0.1.0"
