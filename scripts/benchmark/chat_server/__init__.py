"""The chat server and a plain server of one send per chunk, before the same crowd of clients."""
