"""The first milliseconds: the terminal is taken and the last list painted, before all else."""
