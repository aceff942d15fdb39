"""`dev`: the app's files as they are now run in the local tasks, and each change of them answers at once."""
