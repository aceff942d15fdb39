"""Runs the program where the Pulumi CLI is not installed."""
