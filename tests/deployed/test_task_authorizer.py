"""Socket tasks whose clients are let in by a Lambda authorizer of another stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from tests.deployed.emulated_account import ACCOUNT, REGION, EmulatedAccount
from tests.deployed.parameter_values import settings
from tests.stack_fixture import ENDLESS, QUESTION
from tests.task_clients import read, read_tasks, say, submit

pytestmark = pytest.mark.deployed
# Who is in the list may connect, and owns what they ask for.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
AUTHORIZER = """\
KNOWN = ("ada", "grace")

def handler(event, context):
    user = event["queryStringParameters"]["user"]
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if user in KNOWN else "Deny",
        "Resource": event["methodArn"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": user, "policyDocument": policy}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
TEMPLATE = {
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Authorizer": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": AUTHORIZER},
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Runtime": "python3.13",
            },
        },
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Authorizer", "Arn"]}}},
}


@pytest.fixture(scope="module")
def stack(aws: EmulatedAccount) -> Iterator[Any]:
    authorizer = aws.put_stack("authorizer", TEMPLATE).outputs["Arn"]
    values = {
        "SignIn": "CUSTOM",
        "AuthorizerArn": authorizer,
        "AuthorizerIdentitySource": "route.request.querystring.user",
    }
    yield aws.deployed("authorized", "--template", "socket-tasks", *settings(values))
    for name in ("authorized", "authorizer"):
        status, lines = aws.deploy(name, "--delete")
        assert status == 0, lines


@contextmanager
def connected(aws: EmulatedAccount, stack: Any, **query: str) -> Iterator[ClientConnection]:
    address = f"{stack.outputs['WebSocketEndpoint']}?{urlencode(query)}"
    with aws.open_socket(address) as socket:
        yield socket


@pytest.mark.parametrize(
    ("query", "status"), [({"user": "mallory"}, 403), ({"user": ""}, 401), ({}, 401)]
)
def test_others_are_refused(aws: EmulatedAccount, stack: Any, query: Any, status: int) -> None:
    """Without what it reads, the authorizer is not even asked."""
    with pytest.raises(InvalidStatus) as caught, connected(aws, stack, **query):
        pass
    assert caught.value.response.status_code == status


def test_who_is_let_in_owns_their_tasks(aws: EmulatedAccount, stack: Any) -> None:
    with connected(aws, stack, user="ada") as first, connected(aws, stack, user="grace") as other:
        submit(first, "1", "llm-streamer", question=QUESTION)
        assert read_tasks(first, "1")["1"].output == "Finished"
        submit(first, "2", "llm-streamer", question=ENDLESS)
        assert read(first)["response"] == "Once upon "
        say(other, action="resume", task={"id": "2"})
        assert read(other)["response"]["errorType"] == "Unknown"
        with connected(aws, stack, user="ada") as second:
            say(second, action="stop", task={"id": "2"})
            assert read_tasks(first, "2")["2"].output == "Finished"


def test_only_the_api_may_call_the_authorizer(aws: EmulatedAccount, stack: Any) -> None:
    """MiniStack calls it in any case."""
    resources = aws.resources(stack.name)
    policy = aws.client("lambda").get_policy(FunctionName=stack.parameters["AuthorizerArn"])
    (statement,) = json.loads(policy["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == (
        f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{resources['TasksApi']}"
        f"/authorizers/{resources['Authorizer']}"
    )
