"""The main screen and the full-screen tables."""
