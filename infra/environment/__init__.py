"""What a stack is: everything of its own, or a service attached to another stack."""
