"""The GraphQL API of ``templates/graphql-chat.yaml``."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from tests.evaluator import Stack
from tests.websocket_stack.cloudformation.graphql_stack import (
    API_ARN,
    AT_ONCE,
    COGNITO,
    EACH_SIGN_IN,
    IAM,
    KEY,
    OIDC,
    evaluated,
)
from websocket_stack.local.appsync.service import DIRECTIVES

WEB_ACL = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/chat/0123"
each_sign_in = pytest.mark.parametrize("given", EACH_SIGN_IN, ids=str)


def resolvers(stack: Stack) -> dict[str, dict[str, Any]]:
    return {
        f"{each['TypeName']}.{each['FieldName']}": each
        for each in stack.of_type("AWS::AppSync::Resolver").values()
    }


# --- sign-in


@each_sign_in
def test_the_function_can_always_send(given: dict[str, str]) -> None:
    api = evaluated(**given).properties("ChatApi")
    more = api.get("AdditionalAuthenticationProviders", [])
    modes = {api["AuthenticationType"], *(each["AuthenticationType"] for each in more)}
    assert modes == {given.get("SignIn", "API_KEY"), "AWS_IAM"}


@each_sign_in
def test_callers_see_what_the_function_sends(given: dict[str, str]) -> None:
    """A type's fields are null to those who sign in otherwise than its directives say."""
    stack = evaluated(**given)
    schema: Any = build_schema(DIRECTIVES + stack.properties("Schema")["Definition"])
    wanted = {
        "API_KEY": {"aws_api_key", "aws_iam"},
        "AMAZON_COGNITO_USER_POOLS": {"aws_cognito_user_pools", "aws_iam"},
        "OPENID_CONNECT": {"aws_oidc", "aws_iam"},
        "AWS_IAM": {"aws_iam"},
    }[stack.properties("ChatApi")["AuthenticationType"]]
    for name in ("ChatPayload", "ChatState"):
        directives = schema.type_map[name].ast_node.directives
        assert {each.name.value for each in directives} == wanted
    send = schema.mutation_type.fields["send"].ast_node
    assert [each.name.value for each in send.directives] == ["aws_iam"]


@each_sign_in
def test_there_is_a_key_where_it_is_what_callers_have(given: dict[str, str]) -> None:
    stack = evaluated(**given)
    assert bool(stack.of_type("AWS::AppSync::ApiKey")) is (given == KEY)
    assert ("ApiKey" in stack.outputs) is (given == KEY)
    assert ("FieldsArn" in stack.outputs) is (given == IAM)


def test_a_key_expires_when_the_parameter_says() -> None:
    assert evaluated(ApiKeyExpires="1893456000").properties("ApiKey")["Expires"] == "1893456000"
    assert "Expires" not in evaluated().properties("ApiKey")


def test_a_user_pool_is_of_this_region() -> None:
    pool = evaluated(**COGNITO, ClientIds="web|app").properties("ChatApi")["UserPoolConfig"]
    assert pool == {
        "UserPoolId": "eu-central-1_aB3",
        "AwsRegion": "eu-central-1",
        "AppIdClientRegex": "web|app",
        "DefaultAction": "ALLOW",
    }
    assert "AppIdClientRegex" not in evaluated(**COGNITO).properties("ChatApi")["UserPoolConfig"]


def test_an_issuer_is_taken_at_its_word() -> None:
    api = evaluated(**OIDC, ClientIds="web").properties("ChatApi")
    assert api["OpenIDConnectConfig"] == {"Issuer": "https://issuer.example", "ClientId": "web"}


# --- limits


@each_sign_in
def test_the_schema_is_shown_where_anyone_may_ask_anyway(given: dict[str, str]) -> None:
    api = evaluated(**given).properties("ChatApi")
    assert api["IntrospectionConfig"] == ("ENABLED" if given == KEY else "DISABLED")
    assert api["QueryDepthLimit"] <= (15 if given == KEY else 3)
    assert api["ResolverCountLimit"] == 5


def test_requests_are_logged_where_that_is_wanted_and_without_variables() -> None:
    assert "LogConfig" not in evaluated().properties("ChatApi")
    assert "ApiLogRole" not in evaluated().resources
    stack = evaluated(WriteApiLogs="true")
    log = stack.properties("ChatApi")["LogConfig"]
    assert (log["FieldLogLevel"], log["ExcludeVerboseContent"]) == ("ERROR", True)
    assert stack.properties("ApiLog")["LogGroupName"] == "/aws/appsync/apis/abc123"


def test_a_web_acl_protects_it() -> None:
    assert evaluated().of_type("AWS::WAFv2::WebACLAssociation") == {}
    protected = evaluated(WebAclArn=WEB_ACL).properties("WebAcl")
    assert protected == {"ResourceArn": API_ARN, "WebACLArn": WEB_ACL}


# --- resolvers


def test_every_field_of_the_function_is_answered_by_its_alias() -> None:
    stack = evaluated()
    assert resolvers(stack).keys() == {
        "Mutation.ask",
        "Mutation.stop",
        "Mutation.send",
        "Query.chatState",
        "Subscription.chat",
    }
    for name, resolver in resolvers(stack).items():
        is_send = name == "Mutation.send"
        assert resolver["DataSourceName"] == f"<{'NoSource' if is_send else 'ChatSource'}.Name>"
        # Without code its errors have the names of the exceptions.
        assert ("Code" in resolver) is is_send
    source = stack.properties("ChatSource")
    assert source["LambdaConfig"] == {"LambdaFunctionArn": "<LiveAlias>"}


def test_ask_returns_at_once_where_that_is_wanted() -> None:
    ask = resolvers(evaluated(**AT_ONCE))["Mutation.ask"]
    assert "invocationType: 'Event'" in ask["Code"]
    assert ask["Runtime"] == {"Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0"}


@each_sign_in
def test_where_clients_sign_as_well_send_is_for_the_functions_role(given: dict[str, str]) -> None:
    code = resolvers(evaluated(**given))["Mutation.send"]["Code"]
    assert (":assumed-role/chat-ChatRole-1A2B/" in code) is (given == IAM)
    assert "${" not in code


# --- roles


def test_the_api_may_call_the_alias_alone() -> None:
    role = evaluated().properties("ApiRole")
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", "<LiveAlias>")


@pytest.mark.parametrize(
    ("title", "source"),
    [
        ("ApiRole", API_ARN),
        ("ApiLogRole", "arn:aws:appsync:eu-central-1:123456789012:apis/*"),
    ],
)
def test_a_role_is_for_appsync_in_this_account(title: str, source: str) -> None:
    role = evaluated(WriteApiLogs="true").properties(title)
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "appsync.amazonaws.com"}
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": source},
    }
