"""Modal forms: each asks one question and returns one typed value."""
