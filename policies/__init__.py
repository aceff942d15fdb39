"""Security Hub's controls, for the resources that a stack declares; imports nothing of other folders."""
