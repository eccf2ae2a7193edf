"""Draw values, post intents; one widget a file."""
