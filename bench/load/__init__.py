"""The load test: requests while the app and the stack are replaced."""
