"""What a config will cost, before anything runs."""
