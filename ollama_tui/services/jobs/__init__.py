"""Work that takes time: pulls, pushes, creates, deletions. Plain asyncio, no screen."""
