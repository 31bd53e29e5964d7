"""The embedded model, which needs no network."""
