"""A service: tasks, traffic and deployment."""
