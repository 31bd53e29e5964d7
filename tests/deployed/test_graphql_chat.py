"""A deployed GraphQL chat: asked, stopped and looked up over HTTP.

Who may call which field, and subscriptions, are not the emulator's; see ``tests/test_iam.py`` and
``tests/websocket_stack/local/appsync``.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from tests.deployed.emulated_account import EmulatedAccount
from tests.deployed.in_lambda.sitecustomize import reroute
from tests.stack_fixture import QUESTION, SLOW_QUESTION

pytestmark = pytest.mark.deployed

TEMPLATE = ("--template", "graphql-chat")
ASK = """
mutation A($chatId: String!, $prompt: String!) {
  ask(chatId: $chatId, prompt: $prompt) { chatId data }
}
"""
STOP = "mutation S($chatId: String!) { stop(chatId: $chatId) }"
STATE = "query Q($chatId: String!) { chatState(chatId: $chatId) { text kind usage } }"
SENT = {"chatId": "c", "data": "It is ", "seq": 0, "kind": "delta", "messageId": "m"}


class Client:
    """Calls the fields of a deployed chat with its key."""

    def __init__(self, stack: Any, key: str = "") -> None:
        self._url = stack.outputs["GraphQlUrl"]
        self._key = key or stack.outputs["ApiKey"]
        self.chat_id = uuid4().hex

    def call(self, query: str, **variables: str) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"query": query, "variables": {"chatId": self.chat_id} | variables})
        headers = {"x-api-key": self._key, "Content-Type": "application/json"}
        request = AWSRequest("POST", self._url, data=body, headers=headers).prepare()
        reroute(request)
        response = URLLib3Session().send(request)
        return response.status_code, json.loads(response.content)

    def state(self) -> dict[str, Any] | None:
        _, answer = self.call(STATE)
        state: dict[str, Any] | None = answer["data"]["chatState"]
        return state


@pytest.fixture
def turns(aws: EmulatedAccount) -> Any:
    """Return a function that returns the metrics that a stack's function wrote of its replies."""

    def written(stack_name: str) -> list[dict[str, Any]]:
        group = aws.resources(stack_name)["ChatLog"]
        pages = aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(each) for each in messages if each.startswith('{"_aws"')]

    return written


def test_a_reply_is_written_sent_and_kept(
    aws: EmulatedAccount, stack_name: str, turns: Any
) -> None:
    chat = Client(aws.deployed(stack_name, *TEMPLATE))
    assert chat.call(ASK, prompt=QUESTION) == (200, {"data": {"ask": None}})
    state = chat.state()
    assert state is not None
    assert "lighthouse keeper" in state["text"]
    assert state["kind"] == "done"
    assert json.loads(state["usage"])["outputTokens"] > 0
    (turn,) = turns(stack_name)
    # Each frame was a call of `send`, which its role allows.
    assert turn["delivery"] == "streamed"
    assert turn["Frames"][0] > 1


def test_a_reply_is_stopped(aws: EmulatedAccount, stack_name: str) -> None:
    chat = Client(aws.deployed(stack_name, *TEMPLATE))
    asking = threading.Thread(target=chat.call, args=(ASK,), kwargs={"prompt": SLOW_QUESTION})
    asking.start()
    aws.wait_until(lambda: (chat.state() or {"text": ""})["text"] != "")
    assert chat.call(STOP) == (200, {"data": {"stop": True}})
    asking.join(20)
    state = chat.state()
    assert not asking.is_alive()
    assert state is not None
    assert state["kind"] == "stopped"
    assert chat.call(STOP) == (200, {"data": {"stop": False}})


def test_an_ask_that_returns_at_once_is_answered_as_well(
    aws: EmulatedAccount, stack_name: str
) -> None:
    stack = aws.deployed(stack_name, *TEMPLATE, "--set", "AskReturns=at-once")
    chat = Client(stack)
    assert chat.call(ASK, prompt=QUESTION) == (200, {"data": {"ask": None}})
    state = chat.state()
    assert state is not None
    assert state["kind"] == "done"
    # Nobody waits for a refusal, which is no failure of the function.
    assert chat.call(ASK, prompt=" ") == (200, {"data": {"ask": None}})


def test_a_wrong_key_is_refused(aws: EmulatedAccount, stack_name: str) -> None:
    chat = Client(aws.deployed(stack_name, *TEMPLATE), key="da2-wrong")
    status, answer = chat.call(STATE)
    assert (status, answer["errors"][0]["errorType"]) == (401, "UnauthorizedException")


def test_the_resolvers_are_what_appsync_can_run(aws: EmulatedAccount, stack_name: str) -> None:
    """By its own ``EvaluateCode``."""
    stack = aws.deployed(stack_name, *TEMPLATE, "--set", "AskReturns=at-once")
    appsync, api_id = aws.client("appsync"), aws.resources(stack_name)["ChatApi"]
    assert stack.outputs["GraphQlUrl"].startswith(f"https://{api_id}.")

    def evaluate(field: str, arguments: dict[str, Any]) -> Any:
        resolver = appsync.get_resolver(apiId=api_id, typeName="Mutation", fieldName=field)
        evaluated = appsync.evaluate_code(
            runtime=resolver["resolver"]["runtime"],
            code=resolver["resolver"]["code"],
            function="request",
            context=json.dumps({"arguments": arguments, "identity": None}),
        )
        assert "error" not in evaluated
        return json.loads(evaluated["evaluationResult"])

    assert evaluate("send", SENT) == {"payload": SENT}
    asked = evaluate("ask", {"chatId": "c", "prompt": "Where?"})
    assert (asked["operation"], asked["invocationType"]) == ("Invoke", "Event")
