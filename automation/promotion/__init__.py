"""Promotion: the next stack runs the very image that one stack runs."""
