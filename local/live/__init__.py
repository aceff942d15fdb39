"""Tasks that run the app's files as they are now: a folder takes the place of what their image works in."""
