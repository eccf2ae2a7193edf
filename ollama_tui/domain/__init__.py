"""What the models mean: pure functions on values, no I/O."""
