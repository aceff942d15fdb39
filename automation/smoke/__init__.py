"""A trial in the user's own account: a stack goes up, a deployment fails, and everything is deleted again."""
