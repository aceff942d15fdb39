"""What an AWS account needs once."""
