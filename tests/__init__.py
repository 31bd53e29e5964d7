"""Tests; their helper modules are imported by full name."""
