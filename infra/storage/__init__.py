"""Storage of tasks: file systems and volumes."""
