"""Makes, changes and deletes stacks in an AWS account."""
