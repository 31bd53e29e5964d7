"""What is checked of a deployed stack."""
