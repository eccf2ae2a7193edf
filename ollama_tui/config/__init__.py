"""Settings, and what is kept on disk between runs."""
