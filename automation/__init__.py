"""Drives stacks: what a person or a workflow does with them, as commands."""
