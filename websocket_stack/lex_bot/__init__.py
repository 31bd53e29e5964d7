"""A Lex V2 bot in one file: read, checked against its functions, and written as Lex imports it."""
