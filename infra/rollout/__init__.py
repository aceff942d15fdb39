"""What has to happen before a service changes, and the look at it afterwards."""
