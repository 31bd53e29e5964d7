"""The fulfillment Lambda itself: its role, its log group, its versions and its alias."""

from __future__ import annotations

from troposphere import If, Ref, Template
from troposphere.awslambda import Alias, Function

from websocket_stack.cloudformation import (
    conversation_table,
    fulfillment_environment,
    fulfillment_role,
    versioned_function,
)
from websocket_stack.cloudformation.lambda_functions import log_group
from websocket_stack.cloudformation.parameters import STREAMING

HANDLER = "fulfillment.handler.lambda_handler"


def add(template: Template) -> tuple[Function, Alias]:
    """Add the function with its role and log group, its version, and the alias to call it by."""
    group = template.add_resource(log_group("FulfillmentLog"))
    return versioned_function.add(
        template,
        "Fulfillment",
        group,
        fulfillment_role.add(template, group),
        description="Answers a Lex V2 bot",
        variables=fulfillment_environment.variables(),
        # Switching streaming or memory needs no new revision.
        switches=[
            If(STREAMING, Ref("WebSocketId"), "silent"),
            If(conversation_table.REMEMBERS, "remembering", "forgetful"),
        ],
        # Just over the 30 seconds that Lex waits: nothing is paid for after that.
        Timeout=31,
    )
