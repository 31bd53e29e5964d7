"""The stack that is checked: where its parts are, on AWS or on this machine."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.request import urlopen

import boto3

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import stacks
from websocket_stack.deployment.artifact_bucket import domain_suffix
from websocket_stack.project import command

LOCAL_REGION = "us-east-1"
# The local stack takes any.
LOCAL_BOT = {"BotId": "LOCALBOT01", "BotAliasId": "TSTALIASID", "BotLocaleId": "en_US"}
LOCAL_POOL = f"{LOCAL_REGION}:00000000-0000-0000-0000-000000000000"
STAGE = "Prod"
GOOD_STATUSES = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
API_HOST = re.compile(r"wss://[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.")


@dataclass(frozen=True)
class BotAlias:
    """The bot alias that is asked."""

    bot_id: str
    alias_id: str
    locale_id: str


@dataclass(frozen=True)
class StackUnderTest:
    """Where the parts of a stack are.

    Args:
        websocket: the WebSocket API's address, ``wss://…/Prod``; empty where nothing is streamed.
        connections: the address of its management API.
        region: the region of both, and of the bot.
        bot_alias: the bot to ask, if there is one.
        session_table: the session table's name, if it is known.
        identity_pool: the Cognito identity pool whose guest the browser is, if there is one.
        endpoint: where the local stack has all services; ``None`` on AWS.
        takes_unsigned: whether the local stack says that it admits unsigned clients.
        status: the CloudFormation stack's status, if there is such a stack.
        function: the fulfillment Lambda's ARN, if it is known.
        remembers: whether turns are remembered, if that is known.
        throttling_burst: how many messages at once the stage takes from clients, if it is known.
        task_table: the task table's name, if the stack takes socket tasks.
        sign_in: how clients of socket tasks say who they are, as the stack's parameter has it.
    """

    websocket: str
    connections: str
    region: str
    bot_alias: BotAlias | None
    session_table: str | None
    identity_pool: str | None = None
    endpoint: str | None = None
    takes_unsigned: bool = False
    status: str | None = None
    function: str | None = None
    remembers: bool | None = None
    throttling_burst: int | None = None
    task_table: str | None = None
    sign_in: str = "NONE"


def local_session() -> boto3.Session:
    """Return a session with the credentials that the local stack gives its Lambda functions."""
    return boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=LOCAL_REGION
    )


def local_stack(options: argparse.Namespace) -> StackUnderTest:
    """Return the local stack as its health page describes it.

    Args:
        options: as the command's parser returns them.

    Raises:
        CommandFailed: it does not answer.
    """
    origin = options.endpoint.rstrip("/")
    try:
        with urlopen(f"{origin}/health", timeout=10) as response:
            health = json.load(response)
        table, connections = health["sessionTable"], health["streamingEndpoint"]
        takes_unsigned = health["auth"] == "none"
        tasks = health["tasksEndpoint"], health["taskTable"]
    except (OSError, ValueError, KeyError) as exc:
        raise CommandFailed(
            f"no local stack answers at {origin}; {command('serve')} starts one"
        ) from exc
    task_table = None
    if options.tasks:
        connections, task_table = tasks
    return StackUnderTest(
        websocket=connections.replace("http", "ws", 1),
        connections=connections,
        region=LOCAL_REGION,
        bot_alias=_bot_alias(options, LOCAL_BOT),
        session_table=options.session_table or table,
        identity_pool=options.identity_pool or LOCAL_POOL,
        endpoint=origin,
        takes_unsigned=takes_unsigned,
        task_table=task_table,
        sign_in=_local_sign_in(options, takes_unsigned=takes_unsigned),
    )


def _local_sign_in(options: argparse.Namespace, *, takes_unsigned: bool) -> str:
    if not takes_unsigned:
        return "AWS_IAM"
    return "JWT" if options.token else "NONE"


def deployed_stack(options: argparse.Namespace, session: boto3.Session) -> StackUnderTest:
    """Return a stack on AWS as its outputs describe it, unless options say otherwise.

    Args:
        options: as the command's parser returns them.
        session: a boto3 session in the stack's region.

    Raises:
        CommandFailed: there is no such stack, or nothing of it could be checked.
    """
    outputs: Mapping[str, str] = {}
    parameters: Mapping[str, str] = {}
    status = None
    if options.stack:
        make: Callable[..., Any] = session.client
        stack = stacks.find(make("cloudformation"), options.stack)
        if stack is None:
            raise CommandFailed(f"there is no stack {options.stack} in {session.region_name}")
        outputs, parameters, status = stack.outputs, stack.parameters, stack.status
    if "GraphQlUrl" in outputs:
        raise CommandFailed(
            f"{options.stack} is a GraphQL chat, which scripts/smoke does not check"
        )
    websocket = (
        options.websocket
        or outputs.get("WebSocketEndpoint")
        or _endpoint_of_another_stack(parameters, str(session.region_name))
    ).rstrip("/")
    if options.websocket and not websocket.startswith("wss://"):
        raise CommandFailed("--websocket takes wss://…, as in the stack's output WebSocketEndpoint")
    bot_alias = _bot_alias(options, outputs, parameters)
    if not websocket and bot_alias is None and status in GOOD_STATUSES:
        raise CommandFailed(
            f"{options.stack} has neither a WebSocket API nor a bot; give --bot-id and"
            " --bot-alias-id"
        )
    host = API_HOST.match(websocket)
    burst = parameters.get("ThrottlingBurst", "")
    return StackUnderTest(
        websocket=websocket,
        connections=websocket.replace("wss://", "https://", 1),
        region=host[1] if host else str(session.region_name),
        bot_alias=bot_alias,
        session_table=options.session_table
        or outputs.get("SessionTableName")
        or outputs.get("DynamoTableName")
        or parameters.get("SessionTableName"),
        identity_pool=options.identity_pool,
        status=status,
        function=outputs.get("FunctionArn"),
        remembers=_switch(parameters.get("RememberConversations")),
        throttling_burst=int(burst) if burst.isdecimal() else None,
        task_table=outputs.get("TaskTableName") if websocket else None,
        sign_in=outputs.get("SignIn", "NONE"),
    )


def _endpoint_of_another_stack(parameters: Mapping[str, str], region: str) -> str:
    """Return the endpoint of the API that a fulfillment stack was given, if it streams."""
    api = parameters.get("WebSocketId")
    if not api or parameters.get("AllowStreamingResponses") != "true":
        return ""
    return f"wss://{api}.execute-api.{region}.{domain_suffix(region)}/{STAGE}"


def _switch(value: str | None) -> bool | None:
    return None if value is None else value == "true"


def _bot_alias(
    options: argparse.Namespace,
    outputs: Mapping[str, str],
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> BotAlias | None:
    # arn:aws:lex:REGION:ACCOUNT:bot-alias/BOTID/ALIASID, of a bot that is not the stack's
    _, *own = parameters.get("BotAliasArn", "").split("/")
    existing = dict(zip(("BotId", "BotAliasId"), own, strict=False))
    outputs = {**existing, **outputs}
    bot_id = options.bot_id or outputs.get("BotId")
    alias_id = options.bot_alias_id or outputs.get("BotAliasId")
    locale_id = options.locale or outputs.get("BotLocaleId") or "en_US"
    return BotAlias(bot_id, alias_id, locale_id) if bot_id and alias_id else None
