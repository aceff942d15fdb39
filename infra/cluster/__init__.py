"""The cluster that the tasks run in."""
