"""The benchmark: the local run beside AWS CDK, on one emulator in one run."""
