"""From the terminal and to it: bytes, cells, keys."""
