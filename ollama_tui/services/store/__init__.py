"""Reading the model store of a server that runs on this machine; the standard library only."""
