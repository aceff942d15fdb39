"""Tasks that run the app's current files, from a folder mounted over the image's working directory."""
