"""The Lambda events of a WebSocket API, with every field that the real ones have, and no other.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from websocket_stack.local.api_gateway.connections import Connection


@dataclass(frozen=True)
class Api:
    """The API as its events describe it."""

    api_id: str
    stage: str
    domain: str


def opaque_id() -> str:
    """Return an id as API Gateway writes them for requests, messages and connections."""
    return base64.b64encode(os.urandom(11)).decode()


def connect_event(api: Api, connection: Connection) -> dict[str, Any]:
    """Return the event of a new connection."""
    upgrade = connection.upgrade
    headers, multi_headers = _maps([(_header_case(name), value) for name, value in upgrade.headers])
    context = _context(api, connection, connection.connected_at, "$connect", "CONNECT")
    # Whether later events repeat the caller's identity is not documented; these do not.
    context["identity"] |= upgrade.identity
    event: dict[str, Any] = {
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if pairs := parse_qsl(upgrade.query, keep_blank_values=True):
        # Absent, not null, when there is no query string.
        parameters, multi_parameters = _maps(pairs)
        event["queryStringParameters"] = parameters
        event["multiValueQueryStringParameters"] = multi_parameters
    return event


def message_event(
    api: Api, connection: Connection, now: float, route_key: str, body: str
) -> dict[str, Any]:
    """Return the event of a message.

    Args:
        api: the API.
        connection: the connection that it came on.
        now: the wall clock, in epoch seconds.
        route_key: the route that it goes to.
        body: the message.
    """
    context = _context(api, connection, now, route_key, "MESSAGE")
    return {
        "requestContext": context | {"messageId": opaque_id()},
        "body": body,
        "isBase64Encoded": False,
    }


def disconnect_event(
    api: Api, connection: Connection, now: float, code: int, reason: str
) -> dict[str, Any]:
    """Return the event of a connection that has closed.

    Args:
        api: the API.
        connection: the connection.
        now: the wall clock, in epoch seconds.
        code: the close code.
        reason: the close reason, or nothing.
    """
    context = _context(api, connection, now, "$disconnect", "DISCONNECT")
    headers, multi_headers = _maps(
        [
            ("Host", api.domain),
            ("x-api-key", ""),
            ("X-Forwarded-For", connection.upgrade.source_ip),
            ("x-restapi", ""),
        ]
    )
    return {
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "requestContext": context | {"disconnectStatusCode": code, "disconnectReason": reason},
        "isBase64Encoded": False,
    }


def _context(
    api: Api, connection: Connection, now: float, route_key: str, event_type: str
) -> dict[str, Any]:
    request_id = opaque_id()
    identity = {"sourceIp": connection.upgrade.source_ip}
    if user_agent := connection.upgrade.header("user-agent"):
        identity["userAgent"] = user_agent
    return {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": api.stage,
        "connectedAt": int(connection.connected_at * 1000),
        "requestTimeEpoch": int(now * 1000),
        "identity": identity,
        "requestId": request_id,
        "domainName": api.domain,
        "connectionId": connection.id,
        "apiId": api.api_id,
    }


def _header_case(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-")).replace("Websocket", "WebSocket")


def _maps(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the single-valued map (the last value wins) and the multi-valued one."""
    multi: dict[str, list[str]] = {}
    for name, value in pairs:
        multi.setdefault(name, []).append(value)
    return dict(pairs), multi
