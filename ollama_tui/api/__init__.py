"""What Ollama says: a typed asyncio client, useful without the screen."""
