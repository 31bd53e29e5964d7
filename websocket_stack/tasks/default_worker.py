"""The worker of an API without tasks of its own: the model answers."""

from websocket_stack.tasks.registry import Tasks

lambda_handler = Tasks().lambda_handler
