"""A package, so that what these tests keep open closes with the last of them."""
