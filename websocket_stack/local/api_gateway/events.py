"""The Lambda events of a WebSocket API, with every field that the real ones have, and no other.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Upgrade:
    """The HTTP request that asks for a WebSocket."""

    headers: Sequence[tuple[str, str]]
    query: str
    source_ip: str
    identity: Mapping[str, str] = field(default_factory=dict)
    """What the authoriser knows of the caller, such as ``cognitoIdentityId``."""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True)
class Api:
    """What the events say of the API itself."""

    api_id: str
    stage: str
    domain: str


def opaque_id() -> str:
    """Return an id as API Gateway writes them for requests, messages and connections."""
    return base64.b64encode(os.urandom(11)).decode()


def connect(api: Api, upgrade: Upgrade, connection_id: str, now: float) -> dict[str, Any]:
    headers, multi_headers = _maps([(_header_case(name), value) for name, value in upgrade.headers])
    event: dict[str, Any] = {
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "requestContext": _context(api, upgrade, connection_id, now, now, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }
    if pairs := parse_qsl(upgrade.query, keep_blank_values=True):
        # Absent, not null, when there is no query string.
        parameters, multi_parameters = _maps(pairs)
        event["queryStringParameters"] = parameters
        event["multiValueQueryStringParameters"] = multi_parameters
    return event


def message(
    api: Api,
    upgrade: Upgrade,
    connection_id: str,
    connected_at: float,
    now: float,
    route_key: str,
    body: str,
) -> dict[str, Any]:
    context = _context(api, upgrade, connection_id, connected_at, now, route_key, "MESSAGE")
    return {
        "requestContext": context | {"messageId": opaque_id()},
        "body": body,
        "isBase64Encoded": False,
    }


def disconnect(
    api: Api,
    upgrade: Upgrade,
    connection_id: str,
    connected_at: float,
    now: float,
    code: int,
    reason: str,
) -> dict[str, Any]:
    context = _context(api, upgrade, connection_id, connected_at, now, "$disconnect", "DISCONNECT")
    headers, multi_headers = _maps(
        [
            ("Host", api.domain),
            ("x-api-key", ""),
            ("X-Forwarded-For", upgrade.source_ip),
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
    api: Api,
    upgrade: Upgrade,
    connection_id: str,
    connected_at: float,
    now: float,
    route_key: str,
    event_type: str,
) -> dict[str, Any]:
    request_id = opaque_id()
    identity = {"sourceIp": upgrade.source_ip}
    if user_agent := upgrade.header("user-agent"):
        identity["userAgent"] = user_agent
    if event_type == "CONNECT":
        # Whether later events repeat the caller's identity is not documented; these do not.
        identity |= upgrade.identity
    return {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": api.stage,
        "connectedAt": int(connected_at * 1000),
        "requestTimeEpoch": int(now * 1000),
        "identity": identity,
        "requestId": request_id,
        "domainName": api.domain,
        "connectionId": connection_id,
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
