"""Who drives stacks: Pulumi on an account, or the local run on this machine."""
