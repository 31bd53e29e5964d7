"""Measures the fulfillment Lambda against the loop that people write today, on one machine."""
