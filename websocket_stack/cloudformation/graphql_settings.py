"""The settings of the GraphQL chat: template parameters, and the variables they become."""

from __future__ import annotations

from typing import Any

from troposphere import Equals, GetAtt, If, Not, Or, Parameter, Ref, Template

from websocket_stack.cloudformation import fulfillment_environment
from websocket_stack.cloudformation.parameters import (
    add_rule,
    choice,
    is_given,
    is_true,
    number,
    switch,
    text,
)
from websocket_stack.cloudformation.task_table import TABLE

API = "ChatApi"
# How clients sign in.
WITH_KEY = "SignsInWithKey"
WITH_COGNITO = "SignsInWithCognito"
WITH_OIDC = "SignsInWithOidc"
WITH_IAM = "SignsInWithIam"
HAS_CLIENTS = "HasClients"
KEY_EXPIRES = "KeyExpires"
AT_ONCE = "ReturnsAtOnce"
LOGS_API = "LogsApi"
HAS_WEB_ACL = "HasWebAcl"
# AppSync waits 30 seconds, of which a cold start takes some.
# https://docs.aws.amazon.com/general/latest/gr/appsync.html
MOST_WAITED_SECONDS = 29
# The last second that four bytes can tell: no key lives that long.
LAST_SECOND = 2**32 - 1


def sign_in_parameters() -> list[Parameter]:
    return [
        choice(
            "SignIn",
            "How clients say who they are. API_KEY: not at all, and a chat is anyone's who knows"
            " its id; otherwise it is its first user's, as a Cognito user pool, IAM or an OpenID"
            " Connect issuer says.",
            ["API_KEY", "AMAZON_COGNITO_USER_POOLS", "AWS_IAM", "OPENID_CONNECT"],
            "API_KEY",
        ),
        number(
            "ApiKeyExpires",
            "When the API key expires, in epoch seconds, at most 365 days from now; 0 means in 7"
            " days. A stack update with a later time extends it.",
            0,
            0,
            LAST_SECOND,
        ),
        text("UserPoolId", "The Cognito user pool.", AllowedPattern="|[a-z0-9-]+_[0-9a-zA-Z]+"),
        text("OidcIssuer", "The OpenID Connect issuer.", AllowedPattern="|https://.+"),
        text(
            "ClientIds",
            "Which clients' tokens are accepted, as a regular expression; those of all, if empty.",
        ),
    ]


def chat_parameters() -> list[Parameter]:
    return [
        choice(
            "AskReturns",
            "When ask returns. at-end: with the end of the reply, which has to come within 30"
            " seconds; at-once: without waiting, and a reply may take ReplySeconds.",
            ["at-end", "at-once"],
            "at-end",
        ),
        # CreateFunction takes up to 1,800, where Lambda has it.
        number(
            "ReplySeconds", "The most seconds of a reply, where ask returns at once.", 300, 10, 1800
        ),
        number("AsksAtOnce", "The most replies to one caller at the same time.", 10, 1, 1000),
        number(
            "AsksAMinute", "The most replies that one caller begins in a minute.", 60, 1, 10_000
        ),
        number("PromptCharacters", "The longest prompt.", 20_000, 1, 100_000),
        fulfillment_environment.flush_interval(),
    ]


def api_parameters() -> list[Parameter]:
    return [
        switch(
            "WriteApiLogs",
            "Have AppSync log requests: not their variables, but the text of queries.",
            default=False,
        ),
        text(
            "WebAclArn",
            "An AWS WAF web ACL for the API, of this Region.",
            AllowedPattern="|arn:[^:]+:wafv2:[^:]+:[0-9]{12}:regional/webacl/.+",
        ),
    ]


def add_conditions(template: Template) -> None:
    """Add the conditions on the parameters, and have CloudFormation refuse half a sign-in."""
    for condition, sign_in in {
        WITH_KEY: "API_KEY",
        WITH_COGNITO: "AMAZON_COGNITO_USER_POOLS",
        WITH_OIDC: "OPENID_CONNECT",
        WITH_IAM: "AWS_IAM",
    }.items():
        template.add_condition(condition, Equals(Ref("SignIn"), sign_in))
    template.add_condition(HAS_CLIENTS, is_given("ClientIds"))
    template.add_condition(KEY_EXPIRES, Not(Equals(Ref("ApiKeyExpires"), 0)))
    template.add_condition(AT_ONCE, Equals(Ref("AskReturns"), "at-once"))
    template.add_condition(LOGS_API, is_true("WriteApiLogs"))
    template.add_condition(HAS_WEB_ACL, is_given("WebAclArn"))
    for title, condition, given, described in (
        ("UserPoolSettings", "AMAZON_COGNITO_USER_POOLS", "UserPoolId", "a user pool"),
        ("OidcSettings", "OPENID_CONNECT", "OidcIssuer", "an issuer"),
    ):
        # A rule knows no conditions.
        others = Not(Equals(Ref("SignIn"), condition))
        add_rule(
            template,
            title,
            Or(others, is_given(given)),
            f"SignIn={condition} needs {described}",
        )


def variables() -> dict[str, Any]:
    """Return the variables of all functions."""
    return {
        "TASK_TABLE": Ref(TABLE),
        "GRAPHQL_URL": GetAtt(API, "GraphQLUrl"),
        "TASKS_AT_ONCE": Ref("AsksAtOnce"),
        "TASKS_A_MINUTE": Ref("AsksAMinute"),
        "PROMPT_CHARACTERS": Ref("PromptCharacters"),
        **fulfillment_environment.names(),
    }


def chat_variables() -> dict[str, Any]:
    """Return the variables of the function that writes replies."""
    return {**variables(), **fulfillment_environment.model_variables()}


def reply_seconds() -> If:
    """Return how long the function may run."""
    return If(AT_ONCE, Ref("ReplySeconds"), MOST_WAITED_SECONDS)
