"""Lambda functions in this process."""
