"""What a server's error means and what to do about it: one module a subject."""
