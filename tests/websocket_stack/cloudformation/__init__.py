"""A package, since its test files are named as others are."""
