"""The stack around the library: its APIs, the local stack, the chat server and deployment."""
