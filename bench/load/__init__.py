"""The load test: what requests see while what answers them is replaced."""
