"""Promotion: deploys the image of one stack to the next."""
