"""From one stack to the next: the very image that the one runs, and no other."""
