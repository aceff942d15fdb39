"""Runs any stack on this machine, without an AWS account."""
