"""The stack that is checked: a deployed one, or the local one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.stack_fixture import running_app, running_stack
from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from websocket_stack.command_line import CommandFailed
from websocket_stack.smoke.options import argument_parser
from websocket_stack.smoke.stack import (
    LOCAL_POOL,
    BotAlias,
    StackUnderTest,
    deployed_stack,
    local_stack,
)

pytestmark = pytest.mark.slow

OUTPUTS: dict[str, Any] = {
    "WebSocketEndpoint": "wss://abc123.execute-api.eu-west-1.amazonaws.com/Prod",
    "SessionTableName": "lex-sessions",
    "BotId": "BOT",
    "BotAliasId": "ALIAS",
    "BotLocaleId": "de_DE",
}


class FakeSession:
    """A session whose CloudFormation knows one stack."""

    region_name = "us-east-1"

    def __init__(
        self, parameters: Mapping[str, str], outputs: Mapping[str, str], status: str
    ) -> None:
        self._parameters = parameters
        self._outputs = outputs
        self._status = status

    def client(self, service: str) -> FakeSession:
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName != "lex":
            raise refusal(f"Stack with id {StackName} does not exist")
        outputs = [
            {"OutputKey": name, "OutputValue": self._outputs[name]} for name in self._outputs
        ]
        parameters = [
            {"ParameterKey": name, "ParameterValue": self._parameters[name]}
            for name in self._parameters
        ]
        described = {
            "StackId": "i",
            "StackName": "lex",
            "StackStatus": self._status,
            "Parameters": parameters,
            "Outputs": outputs,
        }
        return {"Stacks": [described]}


def deployed(
    *arguments: str,
    parameters: Mapping[str, str] = MappingProxyType({}),
    status: str = "CREATE_COMPLETE",
    **outputs: Any,
) -> StackUnderTest:
    options = argument_parser().parse_args(arguments)
    session: Any = FakeSession(parameters, outputs, status)
    return deployed_stack(options, session)


def test_a_stack_says_what_it_has() -> None:
    stack = deployed("--stack", "lex", **OUTPUTS)

    assert stack == StackUnderTest(
        "wss://abc123.execute-api.eu-west-1.amazonaws.com/Prod",
        "https://abc123.execute-api.eu-west-1.amazonaws.com/Prod",
        "eu-west-1",
        BotAlias("BOT", "ALIAS", "de_DE"),
        "lex-sessions",
        status="CREATE_COMPLETE",
    )
    assert (stack.identity_pool, stack.takes_unsigned) == (None, False)


def test_options_say_it_otherwise() -> None:
    arguments = "--bot-id MINE --bot-alias-id PROD --locale fr_FR --session-table mine".split()
    stack = deployed("--stack", "lex", *arguments, "--identity-pool", "r:pool", **OUTPUTS)

    assert stack.bot_alias == BotAlias("MINE", "PROD", "fr_FR")
    assert stack.session_table == "mine"
    assert stack.identity_pool == "r:pool"


def test_the_api_alone_has_no_bot() -> None:
    outputs: dict[str, Any] = {"WebSocketEndpoint": "wss://ws.example/chat", "DynamoTableName": "s"}
    stack = deployed("--stack", "lex", **outputs)

    assert (stack.bot_alias, stack.session_table) == (None, "s")
    # A domain of one's own does not say its region.
    assert stack.region == "us-east-1"


def test_a_stack_may_stream_over_another_ones_api() -> None:
    parameters = {
        "AllowStreamingResponses": "true",
        "WebSocketId": "abc123",
        "SessionTableName": "lex-web-ui-streaming",
        "BotAliasArn": "arn:aws:lex:us-east-1:123456789012:bot-alias/MINE/LIVE",
        "RememberConversations": "false",
    }
    stack = deployed("--stack", "lex", parameters=parameters, FunctionArn="arn:live")

    assert stack.websocket == "wss://abc123.execute-api.us-east-1.amazonaws.com/Prod"
    assert stack.session_table == "lex-web-ui-streaming"
    assert stack.bot_alias == BotAlias("MINE", "LIVE", "en_US")
    assert (stack.function, stack.remembers) == ("arn:live", False)


def test_a_stack_may_not_stream() -> None:
    parameters = {"AllowStreamingResponses": "false", "WebSocketId": "abc123"}
    stack = deployed("--stack", "lex", parameters=parameters, BotId="B", BotAliasId="A")

    assert (stack.websocket, stack.connections) == ("", "")
    assert stack.bot_alias == BotAlias("B", "A", "en_US")


def test_a_stack_says_how_much_its_stage_takes() -> None:
    parameters = {"ThrottlingBurst": "200", "RememberConversations": "true"}
    stack = deployed("--stack", "lex", parameters=parameters, **OUTPUTS)

    assert (stack.throttling_burst, stack.remembers) == (200, True)


def test_a_stack_in_a_bad_state_is_still_looked_at() -> None:
    assert deployed("--stack", "lex", status="ROLLBACK_COMPLETE").status == "ROLLBACK_COMPLETE"


def test_an_address_is_enough() -> None:
    stack = deployed("--websocket", "wss://ws.example/Prod/")

    assert stack.websocket == "wss://ws.example/Prod"
    assert stack.connections == "https://ws.example/Prod"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stack", "other"], "there is no stack other in us-east-1"),
        (["--stack", "lex"], "lex has neither a WebSocket API nor a bot"),
        (["--websocket", "https://ws.example"], "--websocket takes wss://"),
    ],
)
def test_what_is_not_there_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandFailed, match=message):
        deployed(*arguments, BotId="BOT")


def test_a_graphql_chat_is_told_apart() -> None:
    with pytest.raises(CommandFailed, match="lex is a GraphQL chat"):
        deployed("--stack", "lex", GraphQlUrl="https://api.example/graphql")


def local(origin: str, *arguments: str) -> StackUnderTest:
    return local_stack(argument_parser().parse_args(["--endpoint", origin, *arguments]))


@pytest.mark.parametrize("auth", ["none", "iam"])
def test_the_local_stack_says_what_it_has(auth: Literal["none", "iam"]) -> None:
    with running_stack(auth=auth) as origin:
        stack = local(f"{origin}/")
        assert local(origin, "--identity-pool", "r:pool").identity_pool == "r:pool"

    assert stack.websocket == f"{origin.replace('http', 'ws')}/Prod"
    assert (stack.connections, stack.endpoint) == (f"{origin}/Prod", origin)
    assert stack.session_table == "lex-streaming-sessions"
    assert stack.bot_alias == BotAlias("LOCALBOT01", "TSTALIASID", "en_US")
    assert stack.identity_pool == LOCAL_POOL
    assert stack.takes_unsigned is (auth == "none")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http//nonsense"])
def test_no_local_stack_is_said(origin: str) -> None:
    with pytest.raises(
        CommandFailed, match="no local stack answers at .*; scripts/serve starts one"
    ):
        local(origin)


def test_another_server_is_not_the_local_stack() -> None:
    async def health(request: object) -> PlainTextResponse:
        return PlainTextResponse("fine")

    with (
        running_app(Starlette(routes=[Route("/health", health)])) as origin,
        pytest.raises(CommandFailed, match="no local stack answers"),
    ):
        local(origin)
