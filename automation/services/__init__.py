"""The running services of a stack: state, logs, addresses, and commands in tasks."""
