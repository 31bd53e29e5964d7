"""The chat server: streams replies to any WebSocket client, without AWS."""
