"""What an update would change, or somebody else has: read, told to people, written for GitHub."""
