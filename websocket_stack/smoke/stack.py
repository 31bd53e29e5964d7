"""What ``scripts/smoke`` checks: the addresses of a deployed stack, or of the local one."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

import boto3

from websocket_stack.deployment import stacks
from websocket_stack.deployment.failures import Failed

LOCAL_REGION = "us-east-1"
# Any is good for the local stack.
LOCAL_BOT = ("LOCALBOT01", "TSTALIASID", "en_US")
LOCAL_POOL = f"{LOCAL_REGION}:00000000-0000-0000-0000-000000000000"
API_HOST = re.compile(r"wss://[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.")


@dataclass(frozen=True)
class Bot:
    """The bot alias to ask."""

    bot_id: str
    alias_id: str
    locale_id: str


@dataclass(frozen=True)
class Target:
    """A stack's parts.

    ``identity_pool`` is the Cognito pool whose guest the browser is, if there is one; ``endpoint``
    is where all services of the local stack are; ``takes_unsigned`` is whether that stack says of
    itself that it lets in who does not sign.
    """

    websocket: str
    connections: str
    region: str
    bot: Bot | None
    session_table: str | None
    identity_pool: str | None = None
    endpoint: str | None = None
    takes_unsigned: bool = False


def local_session() -> boto3.Session:
    """Return a session with the credentials of the local stack's Lambda functions."""
    return boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=LOCAL_REGION
    )


def local(origin: str, options: argparse.Namespace) -> Target:
    """Return the local stack, by what it says of itself.

    Raises:
        Failed: it does not answer.
    """
    origin = origin.rstrip("/")
    try:
        with urlopen(f"{origin}/health", timeout=10) as response:
            health = json.load(response)
        table, connections = health["sessionTable"], health["streamingEndpoint"]
        takes_unsigned = health["auth"] == "none"
    except (OSError, ValueError, KeyError) as exc:
        raise Failed(f"no local stack answers at {origin}; scripts/serve starts one") from exc
    return Target(
        websocket=connections.replace("http", "ws", 1),
        connections=connections,
        region=LOCAL_REGION,
        bot=_bot(
            options, dict(zip(("BotId", "BotAliasId", "BotLocaleId"), LOCAL_BOT, strict=True))
        ),
        session_table=options.session_table or table,
        identity_pool=options.identity_pool or LOCAL_POOL,
        endpoint=origin,
        takes_unsigned=takes_unsigned,
    )


def deployed(options: argparse.Namespace, session: boto3.Session) -> Target:
    """Return a stack on AWS, by its outputs and what the options say otherwise.

    Raises:
        Failed: it has no WebSocket API.
    """
    outputs: Mapping[str, str] = {}
    if options.stack:
        make: Callable[..., Any] = session.client
        stack = stacks.find(make("cloudformation"), options.stack)
        if stack is None:
            raise Failed(f"there is no stack {options.stack} in {session.region_name}")
        outputs = stack.outputs
    websocket = (options.websocket or outputs.get("WebSocketEndpoint", "")).rstrip("/")
    if not websocket.startswith("wss://"):
        raise Failed(
            "the stack has no output WebSocketEndpoint (AllowStreamingResponses=false?)"
            if options.stack and not options.websocket
            else "--websocket takes wss://…, as in the stack's output WebSocketEndpoint"
        )
    host = API_HOST.match(websocket)
    return Target(
        websocket=websocket,
        connections=websocket.replace("wss://", "https://", 1),
        region=host[1] if host else str(session.region_name),
        bot=_bot(options, outputs),
        session_table=options.session_table
        or outputs.get("SessionTableName")
        or outputs.get("DynamoTableName"),
        identity_pool=options.identity_pool,
    )


def _bot(options: argparse.Namespace, outputs: Mapping[str, str]) -> Bot | None:
    bot_id = options.bot_id or outputs.get("BotId")
    alias_id = options.bot_alias_id or outputs.get("BotAliasId")
    locale_id = options.locale or outputs.get("BotLocaleId") or "en_US"
    return Bot(bot_id, alias_id, locale_id) if bot_id and alias_id else None
