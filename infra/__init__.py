"""Declares what exists on AWS."""
