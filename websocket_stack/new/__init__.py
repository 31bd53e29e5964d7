"""``lex-streaming new``: writes a bot to start from."""
