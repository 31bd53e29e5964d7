"""The Lambda functions of the GraphQL chat: what writes replies, and what tells of failed ones."""

from __future__ import annotations

from troposphere import GetAtt, If, NoValue, Ref, Template, awslambda
from troposphere.awslambda import Alias, Environment, Function

from websocket_stack.cloudformation import (
    conversation_table,
    further_policies,
    graphql_api,
    graphql_settings,
    model_access,
    task_table,
    versioned_function,
)
from websocket_stack.cloudformation.lambda_functions import (
    allow,
    lambda_function,
    lambda_role,
    log_group,
)

CHAT = "websocket_stack.graphql.default_chat.lambda_handler"
# An event that waits longer is dropped.
EVENT_SECONDS = 60


def add_failures(template: Template) -> Function:
    """Add the function that tells subscribers of replies whose function did not."""
    when = {"Condition": graphql_settings.AT_ONCE}
    group = template.add_resource(log_group("FailuresLog", **when))
    statements = [
        task_table.statement("BatchGetItem", "UpdateItem"),
        graphql_api.may_send(),
    ]
    role = template.add_resource(lambda_role("FailuresRole", group, statements, **when))
    return template.add_resource(
        lambda_function(
            "Failures",
            group,
            secrecy="Its environment holds names, and no secret.",
            failed_events="Called again twice, and then there is an alarm.",
            Description="Tells subscribers of replies that failed",
            Architectures=[Ref("Architecture")],
            Handler="websocket_stack.graphql.failures.lambda_handler",
            Code=versioned_function.zip_code(),
            MemorySize=512,
            Timeout=20,
            Role=GetAtt(role, "Arn"),
            Environment=Environment(Variables=graphql_settings.variables()),
            **when,
        )
    )


def add_chat(template: Template, failures: Function) -> tuple[Function, Alias]:
    """Add the function that answers the API's fields and writes replies, and its alias.

    Args:
        template: where to add them.
        failures: tells subscribers that a reply failed.
    """
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
                # Lambda does so with the role of the function that failed.
                # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
                If(
                    graphql_settings.AT_ONCE,
                    allow("TellOfFailures", "lambda:InvokeFunction", GetAtt(failures, "Arn")),
                    NoValue,
                ),
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
        failed_events="A failed event goes to another function, which tells the subscribers.",
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
            DestinationConfig=awslambda.DestinationConfig(
                OnFailure=awslambda.OnFailure(Destination=GetAtt(failures, "Arn"))
            ),
            Condition=graphql_settings.AT_ONCE,
        )
    )
    return function, alias
