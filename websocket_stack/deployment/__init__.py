"""Builds, deploys and checks the stack in an AWS account."""
