"""The delivery core: streams a text to a client while it is written. Knows no Lex and no AWS."""
