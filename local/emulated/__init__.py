"""What MiniStack leaves out when it runs tasks, in its own process."""
