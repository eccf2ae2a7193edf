"""Model files of this machine: how they are named, what they are, what of them is to be sent."""
