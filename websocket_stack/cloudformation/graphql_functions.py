"""The Lambda functions of the GraphQL chat: what writes replies, and what tells of failed ones."""

from __future__ import annotations

from troposphere import If, Ref, Template, awslambda
from troposphere.awslambda import Alias, Function

from websocket_stack.cloudformation import (
    conversation_table,
    further_policies,
    graphql_api,
    graphql_settings,
    model_access,
    task_table,
    versioned_function,
)
from websocket_stack.cloudformation.lambda_functions import lambda_role, log_group

CHAT = "websocket_stack.graphql.default_chat.lambda_handler"
# An event that waits longer is dropped.
EVENT_SECONDS = 60


def add_chat(template: Template) -> tuple[Function, Alias]:
    """Add the function that answers the API's fields and writes replies, and its alias."""
    model_access.add_conditions(template)
    policies = further_policies.add(template)
    group = template.add_resource(log_group("ChatLog"))
    role = template.add_resource(
        lambda_role(
            "ChatRole",
            group,
            [
                *model_access.statements(),
                task_table.statement(
                    "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"
                ),
                graphql_api.may_send(),
                conversation_table.statement(),
            ],
            policies,
        )
    )
    function, alias = versioned_function.add(
        template,
        "Chat",
        group,
        role,
        description="Answers a GraphQL chat",
        variables=graphql_settings.chat_variables(),
        switches=[
            If(conversation_table.REMEMBERS, "remembering", "forgetful"),
            If(graphql_settings.AT_ONCE, "at-once", "at-end"),
        ],
        failed_events="An event that failed is told to nobody: the reply's end is missing.",
        Timeout=graphql_settings.reply_seconds(),
    )
    template.add_resource(
        awslambda.EventInvokeConfig(
            "ChatEvents",
            FunctionName=Ref(function),
            # That of the function itself is not that of its alias.
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-eventinvokeconfig.html
            Qualifier=alias.Name,
            DependsOn=[alias.title],
            # A reply that was begun is not begun again: its text would come twice.
            MaximumRetryAttempts=0,
            MaximumEventAgeInSeconds=EVENT_SECONDS,
        )
    )
    return function, alias
