"""``templates/graphql-chat.yaml``: an AppSync API whose subscribers are told replies of a model."""

from __future__ import annotations

from troposphere import GetAtt, Output, Ref, Sub, Template

from websocket_stack.cloudformation import (
    conversation_table,
    fulfillment_environment,
    graphql_api,
    graphql_functions,
    graphql_settings,
    monitoring,
    task_table,
    versioned_function,
)
from websocket_stack.cloudformation.graphql_settings import API, AT_ONCE, WITH_IAM, WITH_KEY
from websocket_stack.cloudformation.lambda_functions import (
    add_conditions,
    add_vpc_rule,
    retention_parameter,
    vpc_parameters,
)
from websocket_stack.cloudformation.parameters import new_template


def build() -> Template:
    """Return the template."""
    template = new_template(
        "Lex Streaming: a chat through AppSync, with a model's replies in a subscription. Generated"
        " by scripts/templates.",
        {
            "Code": versioned_function.code_parameters(graphql_functions.CHAT),
            "Sign-in": graphql_settings.sign_in_parameters(),
            "Chat": [*graphql_settings.chat_parameters(), *conversation_table.parameters()],
            "Model": fulfillment_environment.model_parameters(),
            "GraphQL API": graphql_settings.api_parameters(),
            "Alarms and logs": [*monitoring.parameters(), retention_parameter()],
            "Lambda": versioned_function.lambda_parameters("replies"),
            "VPC (optional)": vpc_parameters(),
        },
    )
    add_conditions(template)
    add_vpc_rule(template)
    graphql_settings.add_conditions(template)
    conversation_table.add(template)
    task_table.add(template)
    graphql_api.add_api(template)
    failures = graphql_functions.add_failures(template)
    function, alias = graphql_functions.add_chat(template, failures)
    graphql_api.add_resolvers(template, alias)
    api_id = GetAtt(API, "ApiId")
    monitoring.add(
        template,
        function,
        throttled="Prompts were refused.",
        api=monitoring.graphql_metrics(api_id),
    )
    monitoring.add_graphql_alarms(template, api_id)
    untold = "Subscribers were not told that replies failed."
    alarms = monitoring.failure_alarms(function, failures, untold)
    monitoring.add_alarms(template, alarms, Condition=AT_ONCE)
    _add_outputs(template)
    return template


def _add_outputs(template: Template) -> None:
    for name, value, description, when in (
        ("GraphQlUrl", GetAtt(API, "GraphQLUrl"), "Where queries and mutations go", None),
        ("RealtimeUrl", GetAtt(API, "RealtimeUrl"), "Where clients subscribe", None),
        ("SignIn", Ref("SignIn"), "How clients say who they are", None),
        ("ApiKey", GetAtt(graphql_api.KEY, "ApiKey"), "The key", WITH_KEY),
        (
            "FieldsArn",
            Sub(f"${{{API}.Arn}}/types/*/fields/*"),
            "What clients need appsync:GraphQL on; only the function may call send",
            WITH_IAM,
        ),
        ("TaskTableName", Ref(task_table.TABLE), "The task table's name", None),
        ("FunctionArn", Ref("LiveAlias"), "The function", None),
        ("FunctionRoleArn", GetAtt("ChatRole", "Arn"), "The function's role", None),
    ):
        options = {"Condition": when} if when else {}
        template.add_output(Output(name, Value=value, Description=description, **options))
