"""What an update would change and what differs from the state: read from the engine's events and shown."""
