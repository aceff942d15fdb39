"""The time from a change of the app's files until a response has it, while `dev` runs."""
