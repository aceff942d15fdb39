"""A whole stack, or a service attached to another stack."""
