"""What is added to a Lex Web UI: the WebSocket API, its session table, their Lambda."""
