"""What models take in memory, and what memory there is."""
