"""The settings of the tasks API: template parameters, and the variables they become."""

from __future__ import annotations

from typing import Any

from troposphere import And, Equals, If, Not, Or, Parameter, Ref, Sub, Template
from troposphere.awslambda import Alias

from websocket_stack.cloudformation import fulfillment_environment
from websocket_stack.cloudformation.parameters import (
    add_rule,
    choice,
    comma_list,
    has_items,
    is_given,
    is_true,
    number,
    switch,
    text,
)
from websocket_stack.cloudformation.task_table import TABLE

API = "TasksApi"
SIGN_IN_QUEUE = "SignInQueue"
RELAY_QUEUE = "RelayQueue"
# Not empty: cfn-lint checks defaults where a function's name stands.
NO_AUTHORIZER = "none"
# How clients sign in.
WITH_IAM = "SignsInWithIam"
WITH_JWT = "SignsInWithJwt"
WITH_AUTHORIZER = "SignsInWithAuthorizer"
HAS_IDENTITY_SOURCE = "HasIdentitySource"
RELAYS = "RelaysFrames"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MAX_MESSAGE_BYTES = 128 * 1024


def sign_in_parameters() -> list[Parameter]:
    return [
        choice(
            "SignIn",
            "How clients say who they are. AWS_IAM: by signing $connect; JWT: with a token in their"
            " first message; CUSTOM: as a Lambda authorizer says; NONE: not at all, and anyone"
            " who knows the address can have the model asked.",
            ["AWS_IAM", "JWT", "CUSTOM", "NONE"],
            "AWS_IAM",
        ),
        text("JwtIssuer", "Who signs the tokens.", AllowedPattern="|https://.+"),
        text("JwtAudience", "The audience of the tokens; with Cognito, the app client's id."),
        text(
            "JwtKeysUrl",
            "Where the issuer's keys are, if not at its /.well-known/jwks.json.",
            AllowedPattern="|https://.+",
        ),
        text(
            "AuthorizerArn",
            "The Lambda authorizer, a function of this account and Region. The principalId that it"
            " returns owns the client's tasks.",
            NO_AUTHORIZER,
            AllowedPattern=f"{NO_AUTHORIZER}|arn:[^:]+:lambda:.+",
        ),
        comma_list(
            "AuthorizerIdentitySource",
            "What a request must contain for the authorizer to be called, such as"
            " route.request.querystring.token.",
            AllowedPattern=r"|route\.request\..+",
        ),
    ]


def task_parameters() -> list[Parameter]:
    return [
        # CreateFunction takes up to 1,800, where Lambda has it.
        number("TaskSeconds", "The most seconds of a task; Lambda ends it then.", 900, 10, 1800),
        number("GraceSeconds", "How long a task outlives its client's connection.", 60, 0, 900),
        number("TasksAtOnce", "The most tasks of one client at the same time.", 10, 1, 1000),
        number("TasksAMinute", "The most tasks that one client begins in a minute.", 60, 1, 10_000),
        number(
            "MessageBytes", "The longest message of a client.", 32 * 1024, 1024, MAX_MESSAGE_BYTES
        ),
        fulfillment_environment.flush_interval(),
        switch(
            "RelayFrames",
            "Send frames through an SQS FIFO queue, to which producers elsewhere send theirs too,"
            " and from which a function posts them in order; it takes longer, and SQS and Lambda"
            " are billed.",
            default=False,
        ),
    ]


def api_parameters() -> list[Parameter]:
    return [
        text(
            "StageName",
            "The stage, the last part of the API's address.",
            "dev",
            AllowedPattern="[a-zA-Z0-9_-]{1,128}",
        ),
    ]


def add_conditions(template: Template) -> None:
    """Add the conditions on how clients sign in, and have CloudFormation refuse half of one."""
    for condition, sign_in in {
        WITH_IAM: "AWS_IAM",
        WITH_JWT: "JWT",
        WITH_AUTHORIZER: "CUSTOM",
    }.items():
        template.add_condition(condition, _signs_in_with(sign_in))
    template.add_condition(HAS_IDENTITY_SOURCE, has_items("AuthorizerIdentitySource"))
    template.add_condition(RELAYS, is_true("RelayFrames"))
    _demand(
        template, "JWT", And(is_given("JwtIssuer"), is_given("JwtAudience")), "an issuer's tokens"
    )
    has_authorizer = Not(Equals(Ref("AuthorizerArn"), NO_AUTHORIZER))
    _demand(template, "CUSTOM", has_authorizer, "a Lambda authorizer")


def _signs_in_with(sign_in: str) -> Equals:
    return Equals(Ref("SignIn"), sign_in)


def _demand(template: Template, sign_in: str, what: Any, described: str) -> None:
    add_rule(
        template,
        f"{sign_in.capitalize()}Settings",
        Or(Not(_signs_in_with(sign_in)), what),
        f"SignIn={sign_in} needs {described}",
    )


# --- variables


def endpoint(scheme: str) -> Sub:
    """Return the API's address with its stage."""
    return Sub(
        f"{scheme}://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/${{StageName}}"
    )


def variables() -> dict[str, Any]:
    """Return the variables of all functions."""
    return {
        "TASK_TABLE": Ref(TABLE),
        "STREAMING_ENDPOINT": endpoint("https"),
        **fulfillment_environment.names(),
    }


def relay_variables() -> dict[str, Any]:
    """Return the variables of the functions that the relay posts for."""
    return {"RELAY_QUEUE": If(RELAYS, Ref(RELAY_QUEUE), "")}


def submit_variables(worker: Alias) -> dict[str, Any]:
    """Return the variables of the function that answers clients."""
    return {
        **variables(),
        "WORKER_FUNCTION": Ref(worker),
        "SIGN_IN": If(
            WITH_IAM, "iam", If(WITH_JWT, "jwt", If(WITH_AUTHORIZER, "authorizer", "none"))
        ),
        "JWT_ISSUER": Ref("JwtIssuer"),
        "JWT_AUDIENCE": Ref("JwtAudience"),
        "JWT_KEYS_URL": Ref("JwtKeysUrl"),
        "SIGN_IN_QUEUE": If(WITH_JWT, Ref(SIGN_IN_QUEUE), ""),
        "TASKS_AT_ONCE": Ref("TasksAtOnce"),
        "TASKS_A_MINUTE": Ref("TasksAMinute"),
        "MESSAGE_BYTES": Ref("MessageBytes"),
    }


def worker_variables() -> dict[str, Any]:
    """Return the variables of the function that runs tasks."""
    return {
        **variables(),
        **fulfillment_environment.model_variables(),
        **relay_variables(),
        "GRACE_SECONDS": Ref("GraceSeconds"),
    }


# --- what the functions may do


def connections_arn(method: str) -> Sub:
    """Return the connections of the API's stage, as IAM knows them by method."""
    return Sub(
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
        f":${{{API}}}/${{StageName}}/{method}/@connections/*"
    )
