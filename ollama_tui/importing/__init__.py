"""Model files of this machine: their paths, their formats, and what to upload of them."""
