"""Drives stacks by the Pulumi CLI: in an AWS account, or on this machine."""
