"""Stacks of pull requests, which attach to another stack; created and removed with the pull request."""
