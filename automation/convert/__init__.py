"""Stack files from what other tools deploy: AWS Copilot's manifests and Compose files."""
