"""The Lambda of a chat without functions of its own: the model answers."""

from websocket_stack.graphql.chat import Chat

lambda_handler = Chat().lambda_handler
