"""Cognito identity pools."""
