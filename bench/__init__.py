"""The benchmark: the local run compared with AWS CDK, on one emulator in one run."""
