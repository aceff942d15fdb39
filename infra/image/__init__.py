"""The app's image: source, build and build context."""
