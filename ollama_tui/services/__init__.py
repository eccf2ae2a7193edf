"""What is known of a server and what is under way: asyncio, no UI."""
