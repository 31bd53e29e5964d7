"""What happened in the stack's Lambda functions, for the person who builds the bot."""
