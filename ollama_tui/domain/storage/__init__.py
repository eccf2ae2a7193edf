"""What models take on the disk, and what deleting them frees."""
