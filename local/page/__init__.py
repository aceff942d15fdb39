"""The page of the local AWS at http://localhost:8080: services, tasks, rules and logs of the emulator."""
