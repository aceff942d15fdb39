"""What a person asks of services that run: how they are, what they log, a command in or beside them."""
