"""One module for each AWS service: how its resources are created, read, updated and deleted."""
