"""The app's image: where it comes from, and what a build of it sees."""
