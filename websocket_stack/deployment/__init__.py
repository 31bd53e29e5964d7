"""Builds the Lambda and deploys the stack to an AWS account."""
