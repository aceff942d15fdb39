"""How a new version takes over: what has to happen before, and how it is followed to its end."""
