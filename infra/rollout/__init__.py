"""Migration before a service changes, and the check after it."""
