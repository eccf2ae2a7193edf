"""The command line: it starts the app, or runs a command for scripts, without a terminal."""
