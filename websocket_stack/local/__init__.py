"""The same stack in one process on a laptop, which to the code looks like AWS."""
