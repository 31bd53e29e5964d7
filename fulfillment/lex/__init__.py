"""Amazon Lex V2: its events, its responses, and how its web client reads frames. Pure."""
