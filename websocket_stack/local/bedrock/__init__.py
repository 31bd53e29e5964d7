"""Bedrock Runtime, knowledge bases and agents, spoken as botocore decodes them."""
