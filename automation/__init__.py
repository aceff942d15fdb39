"""Drives stacks: the commands of `python -m automation`, for people and workflows."""
