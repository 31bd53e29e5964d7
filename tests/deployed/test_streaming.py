"""A deployed stack as its users see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployed.emulated_account import REGION, EmulatedAccount
from tests.deployed.parameter_values import settings
from websocket_stack.smoke.checks.page import CONFIGURATION

pytestmark = pytest.mark.deployed


@pytest.fixture(scope="module")
def stack(aws: EmulatedAccount) -> Iterator[Any]:
    made = aws.deployed("bot", "--set", "CreateBot=true", "--set", "FlushIntervalSeconds=0")
    aws.warm_up(made)
    yield made
    status, lines = aws.deploy("bot", "--delete")
    assert status == 0, lines


@pytest.fixture
def page(stack: Any, tmp_path: Path) -> Any:
    """The address of a page whose configuration names the stack."""
    lex = {
        "allowStreamingResponses": True,
        "streamingWebSocketEndpoint": stack.outputs["WebSocketEndpoint"],
        "v2BotId": stack.outputs["BotId"],
        "v2BotAliasId": stack.outputs["BotAliasId"],
        "v2BotLocaleId": stack.outputs["BotLocaleId"],
    }
    (tmp_path / CONFIGURATION).write_text(json.dumps({"region": REGION, "lex": lex}))
    return (tmp_path / "index.html").as_uri()


def test_smoke(aws: EmulatedAccount, stack: Any, page: Any) -> None:
    status, lines = aws.smoke("--stack", stack.name, "--ui", page)
    assert status == 0, "\n".join(lines)
    assert sum(line.startswith("ok") for line in lines) >= 15


def test_smoke_without_streaming(aws: EmulatedAccount, stack_name: str) -> None:
    aws.deployed(stack_name, *settings({"CreateBot": "true", "AllowStreamingResponses": "false"}))
    status, lines = aws.smoke("--stack", stack_name)
    assert status == 0, "\n".join(lines)
    assert {line[9:33].strip() for line in lines if line.startswith("ok")} == {
        "stack",
        "without streaming",
        "memory",
    }


def test_smoke_of_a_lambda_alone(aws: EmulatedAccount, stack_name: str) -> None:
    """Of a bot and an API that are not of its stack."""
    support = aws.deployed(f"{stack_name}-api", "--template", "streaming-support")
    try:
        own = {
            "CreateBot": "true",
            "FlushIntervalSeconds": "0",
            "WebSocketId": support.outputs["WebSocketId"],
            "SessionTableName": support.outputs["DynamoTableName"],
        }
        aws.warm_up(aws.deployed(stack_name, "--template", "fulfillment", *settings(own)))
        status, lines = aws.smoke("--stack", stack_name)
        assert status == 0, "\n".join(lines)
        assert [line for line in lines if line.startswith("ok       turn")]
    finally:
        aws.deploy(f"{stack_name}-api", "--delete")


def test_smoke_as_a_guest(aws: EmulatedAccount, stack: Any, identity_pool: str) -> None:
    status, lines = aws.smoke("--stack", stack.name, "--identity-pool", identity_pool)
    assert status == 0, "\n".join(lines)
    assert [line for line in lines if line.startswith("ok       second owner")]


def test_connections_come_and_go(aws: EmulatedAccount, stack: Any) -> None:
    """A closed connection is forgotten; the session stays its owner's."""

    def connections() -> Any:
        return [
            row["sessionId"]["S"]
            for row in aws.rows(stack.outputs["SessionTableName"])
            if "connectionId" in row or "registeredFor" in row
        ]

    aws.wait_until(lambda: not connections())
    with aws.browser(stack, "visitor"):
        session, reference = sorted(connections(), key=lambda key: "/" in key)
        assert session == "visitor"
        assert reference.startswith("connection/")
    aws.wait_until(lambda: not connections())
    assert "visitor" in {
        row["sessionId"]["S"] for row in aws.rows(stack.outputs["SessionTableName"])
    }


@pytest.mark.parametrize("message", ["hello", '{"action": "x"}', '{"action": "ping"}'])
def test_messages_are_not_answered(aws: EmulatedAccount, stack: Any, message: str) -> None:
    with aws.browser(stack) as socket:
        socket.send(message)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.2)


def test_anonymous_browsers(aws: EmulatedAccount, stack_name: str) -> None:
    """Another authorization reaches the stage: it is deployed again."""
    signed = aws.deployed(stack_name, "--template", "streaming-support")
    assert aws.refusal(signed) == 403
    anonymous = aws.deployed(stack_name, "--set", "ConnectAuthorization=NONE")
    assert aws.refusal(anonymous) is None
    signed = aws.deployed(stack_name, "--set", "ConnectAuthorization=AWS_IAM")
    assert aws.refusal(signed) == 403
