"""The stacks of pull requests, which attach to another stack and are removed with the pull request."""
