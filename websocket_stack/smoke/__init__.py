"""Checks a stack as its users' browsers would: connects, asks, counts and times what arrives."""
