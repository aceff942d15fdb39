"""A service: what runs, how traffic reaches it, and how a new version takes over."""
