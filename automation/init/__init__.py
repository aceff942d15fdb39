"""`init`: stack files, a Dockerfile and an ignore file for a team's own app."""
