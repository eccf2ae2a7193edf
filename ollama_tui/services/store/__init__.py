"""The model store of a server on this machine."""
