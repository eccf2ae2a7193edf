"""What a server's error means and what to do about it."""
