"""An API Gateway WebSocket API, its management API, and who may call them."""
