"""A typed asyncio client for Ollama's API, useful without the rest of the program."""
