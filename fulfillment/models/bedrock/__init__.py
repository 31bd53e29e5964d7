"""Models, agents and knowledge bases on Amazon Bedrock."""
