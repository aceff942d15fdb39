"""Stacks of pull requests: attached to another stack, created and removed with the pull request."""
