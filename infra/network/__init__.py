"""The network, who may talk to whom in it, and the names that lead into it."""
