"""The running services of a stack: their state, logs, addresses, and commands in or beside their tasks."""
