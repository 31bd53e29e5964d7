"""The events of a WebSocket API, compared with real ones."""

from __future__ import annotations

import base64
import re
from typing import Any

from websocket_stack.local.api_gateway.connections import Connection, Upgrade
from websocket_stack.local.api_gateway.events import (
    Api,
    connect_event,
    disconnect_event,
    message_event,
    opaque_id,
)

API = Api("m932ywd2od", "Prod", "m932ywd2od.execute-api.us-east-1.amazonaws.com")
CONNECTED_AT, NOW = 1734711312.015, 1734711312.022
CONNECTION_ID = "DGSykeXooAMCFPQ="
HEADERS = [
    ("host", "m932ywd2od.execute-api.us-east-1.amazonaws.com"),
    ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
    ("sec-websocket-key", "bm9uY2U="),
    ("sec-websocket-version", "13"),
    ("x-amzn-trace-id", "Root=1-676596d0"),
    ("x-forwarded-for", "5.28.189.17"),
    ("x-forwarded-port", "443"),
    ("x-forwarded-proto", "https"),
]
# A real one of December 2024, of a caller without a query string or credentials.
REAL_CONNECT: dict[str, Any] = {
    "headers": {
        "Host": "m932ywd2od.execute-api.us-east-1.amazonaws.com",
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Key": "bm9uY2U=",
        "Sec-WebSocket-Version": "13",
        "X-Amzn-Trace-Id": "Root=1-676596d0",
        "X-Forwarded-For": "5.28.189.17",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    },
    "multiValueHeaders": {
        "Host": ["m932ywd2od.execute-api.us-east-1.amazonaws.com"],
        "Sec-WebSocket-Extensions": ["permessage-deflate; client_max_window_bits"],
        "Sec-WebSocket-Key": ["bm9uY2U="],
        "Sec-WebSocket-Version": ["13"],
        "X-Amzn-Trace-Id": ["Root=1-676596d0"],
        "X-Forwarded-For": ["5.28.189.17"],
        "X-Forwarded-Port": ["443"],
        "X-Forwarded-Proto": ["https"],
    },
    "requestContext": {
        "routeKey": "$connect",
        "eventType": "CONNECT",
        "extendedRequestId": "DGSykF8qIAMFljQ=",
        "requestTime": "20/Dec/2024:16:15:12 +0000",
        "messageDirection": "IN",
        "stage": "Prod",
        "connectedAt": 1734711312015,
        "requestTimeEpoch": 1734711312022,
        "identity": {"sourceIp": "5.28.189.17"},
        "requestId": "DGSykF8qIAMFljQ=",
        "domainName": "m932ywd2od.execute-api.us-east-1.amazonaws.com",
        "connectionId": "DGSykeXooAMCFPQ=",
        "apiId": "m932ywd2od",
    },
    "isBase64Encoded": False,
}
CONTEXT_FIELDS = set(REAL_CONNECT["requestContext"])


def connection(
    query: str = "", headers: list[tuple[str, str]] = HEADERS, **identity: str
) -> Connection:
    upgrade = Upgrade(headers, query, "5.28.189.17", identity)
    return Connection(CONNECTION_ID, upgrade, CONNECTED_AT, NOW)


def message(of: Connection, body: str = "{}") -> dict[str, Any]:
    return message_event(API, of, NOW, "ping", body)


def disconnect(of: Connection) -> dict[str, Any]:
    return disconnect_event(API, of, NOW, 1001, "Going away")


def test_connect_is_what_the_real_one_is() -> None:
    event = connect_event(API, connection())
    expected = REAL_CONNECT | {"requestContext": dict(REAL_CONNECT["requestContext"])}
    for field in ("requestId", "extendedRequestId"):  # random
        expected["requestContext"][field] = event["requestContext"][field]
    # The upgrade takes no time here.
    expected["requestContext"]["requestTimeEpoch"] = event["requestContext"]["connectedAt"]

    assert event == expected


def test_a_query_adds_its_two_maps() -> None:
    event = connect_event(API, connection("sessionId=us%2Deast&a=1&a=2&empty="))

    assert event["queryStringParameters"] == {"sessionId": "us-east", "a": "2", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {
        "sessionId": ["us-east"],
        "a": ["1", "2"],
        "empty": [""],
    }
    assert set(event) - set(REAL_CONNECT) == {
        "queryStringParameters",
        "multiValueQueryStringParameters",
    }


def test_a_repeated_header_keeps_every_value() -> None:
    event = connect_event(API, connection(headers=[("cookie", "a=1"), ("cookie", "b=2")]))

    assert event["headers"] == {"Cookie": "b=2"}
    assert event["multiValueHeaders"] == {"Cookie": ["a=1", "b=2"]}


def test_connect_has_signer_and_browser() -> None:
    headers = [*HEADERS, ("user-agent", "Mozilla/5.0")]
    signed = connection(headers=headers, cognitoIdentityId="us-east-1:1", accountId="000000000000")
    context = connect_event(API, signed)["requestContext"]

    assert context["identity"] == {
        "sourceIp": "5.28.189.17",
        "userAgent": "Mozilla/5.0",
        "cognitoIdentityId": "us-east-1:1",
        "accountId": "000000000000",
    }


def test_only_connect_says_who_signed() -> None:
    signed = connection(cognitoIdentityId="us-east-1:1")

    for event in (message(signed), disconnect(signed)):
        assert event["requestContext"]["identity"] == {"sourceIp": "5.28.189.17"}


def test_message_has_a_body_and_no_headers() -> None:
    event = message(connection("sessionId=session-1"), '{"action": "ping"}')

    assert set(event) == {"requestContext", "body", "isBase64Encoded"}
    assert event["body"] == '{"action": "ping"}'
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert set(context) == CONTEXT_FIELDS | {"messageId"}
    assert (context["routeKey"], context["eventType"]) == ("ping", "MESSAGE")
    assert (context["connectedAt"], context["requestTimeEpoch"]) == (1734711312015, 1734711312022)


def test_disconnect_has_a_reason_and_no_body() -> None:
    event = disconnect(connection("sessionId=session-1"))

    assert set(event) == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}
    assert event["headers"] == {
        "Host": "m932ywd2od.execute-api.us-east-1.amazonaws.com",
        "x-api-key": "",
        "X-Forwarded-For": "5.28.189.17",
        "x-restapi": "",
    }
    context = event["requestContext"]
    assert set(context) == CONTEXT_FIELDS | {"disconnectStatusCode", "disconnectReason"}
    assert (context["routeKey"], context["eventType"]) == ("$disconnect", "DISCONNECT")
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1001, "Going away")


def test_an_id_looks_like_those_of_api_gateway() -> None:
    ids = {opaque_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{15}=", each) for each in ids)
    assert len(base64.b64decode(opaque_id())) == len(base64.b64decode(CONNECTION_ID))
