"""Lex Runtime V2: sessions, dialogs, and the Lambda code hooks."""
