"""One run through a stack's whole life in an account of one's own: up, a failed rollout, and nothing left."""
