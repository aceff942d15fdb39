"""Security Hub's controls over what a stack declares: it reads resources, and imports nothing of ours."""
