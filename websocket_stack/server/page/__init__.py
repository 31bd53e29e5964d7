"""The chat server's own page."""
