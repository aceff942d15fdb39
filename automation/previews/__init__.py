"""Stacks of pull requests: attached to another stack, made and removed with the pull request."""
