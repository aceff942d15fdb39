"""How long a changed file of the app takes until it answers, while `dev` runs."""
