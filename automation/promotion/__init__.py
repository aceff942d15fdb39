"""Promotion: deploys to the next stack the image that a stack runs."""
