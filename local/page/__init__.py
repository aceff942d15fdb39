"""http://localhost:8080, the page of the local AWS: services, tasks, rules and logs of the emulator."""
