"""`diagram`: a picture of what a stack declares."""
