"""What is added beside a Lex Web UI: the WebSocket API, its session table, their Lambda."""
