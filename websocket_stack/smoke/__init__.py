"""Checks a deployed stack as a browser would: connects, asks, counts and times what comes."""
