"""The Lambda functions of the GraphQL chat: what writes replies, and what tells of failed ones."""

from __future__ import annotations

from troposphere import If, NoValue, Template
from troposphere.awslambda import Alias, Function

from websocket_stack.cloudformation import (
    conversation_table,
    failed_events,
    graphql_api,
    graphql_settings,
    plain_function,
    task_table,
    versioned_function,
)
from websocket_stack.cloudformation.graphql_settings import AT_ONCE

CHAT = "websocket_stack.graphql.default_chat.lambda_handler"


def add_failures(template: Template) -> Function:
    """Add the function that tells subscribers of replies whose function did not."""
    return plain_function.add(
        template,
        "Failures",
        [task_table.statement("BatchGetItem", "UpdateItem"), graphql_api.may_send()],
        handler="websocket_stack.graphql.failures.lambda_handler",
        variables=graphql_settings.variables(),
        Description="Tells subscribers of replies that failed",
        failed_events="Called again twice, and then there is an alarm.",
        Condition=AT_ONCE,
    )


def add_chat(template: Template, failures: Function) -> tuple[Function, Alias]:
    """Add the function that answers the API's fields and writes replies, and its alias.

    Args:
        template: where to add them.
        failures: tells subscribers that a reply failed.
    """
    function, alias = versioned_function.add(
        template,
        "Chat",
        [
            task_table.statement("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            graphql_api.may_send(),
            conversation_table.statement(),
            If(AT_ONCE, failed_events.may_tell(failures), NoValue),
        ],
        description="Answers a GraphQL chat",
        variables=graphql_settings.chat_variables(),
        switches=[
            If(conversation_table.REMEMBERS, "remembering", "forgetful"),
            If(AT_ONCE, "at-once", "at-end"),
        ],
        failed_events="A failed event goes to another function, which tells the subscribers.",
        Timeout=graphql_settings.reply_seconds(),
    )
    failed_events.add(template, function, alias, failures, Condition=AT_ONCE)
    return function, alias
