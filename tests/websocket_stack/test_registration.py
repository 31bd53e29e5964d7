"""$connect and $disconnect against moto's DynamoDB."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from websocket_stack import registration
from websocket_stack.registration import Registration

NOW = 1_734_711_312.9
IDENTITY = "us-east-1:a8e1f7b2-b20d-441c-9698-aff8b519d8d5"


@pytest.fixture
def client() -> Iterator[Any]:
    # The tables of a running stack are moto's too, and are left alone.
    mock = mock_aws()
    mock.start(reset=False)
    try:
        with closing(boto3.client("dynamodb", region_name="us-east-1")) as made:
            yield made
    finally:
        mock.stop(remove_data=False)


@pytest.fixture
def table(client: Any) -> str:
    name = f"sessions-{uuid4().hex}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "sessionId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture
def rows(client: Any, table: str) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        return {item["sessionId"]["S"]: item for item in client.scan(TableName=table)["Items"]}

    return read


@pytest.fixture
def handle(client: Any, table: str) -> Callable[[dict[str, Any]], dict[str, int]]:
    return Registration(client, table, lambda: NOW).handle


def connect(
    query: dict[str, str] | None, connection_id: str = "DGSykeXooAMCFPQ=", **identity: str
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "headers": {"Host": "m932ywd2od.execute-api.us-east-1.amazonaws.com"},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "identity": {"sourceIp": "5.28.189.17", **identity},
            "connectionId": connection_id,
        },
        "isBase64Encoded": False,
    }
    return event if query is None else event | {"queryStringParameters": query}


def disconnect(connection_id: str = "DGSykeXooAMCFPQ=") -> dict[str, Any]:
    return {
        "requestContext": {
            "routeKey": "$disconnect",
            "eventType": "DISCONNECT",
            "disconnectStatusCode": 1001,
            "identity": {"sourceIp": "5.28.189.17"},
            "connectionId": connection_id,
        },
        "isBase64Encoded": False,
    }


def test_connect_writes_a_row_that_outlives_the_connection(handle, rows) -> None:
    assert handle(connect({"sessionId": IDENTITY})) == {"statusCode": 200}

    assert rows()[IDENTITY] == {
        "sessionId": {"S": IDENTITY},
        "connectionId": {"S": "DGSykeXooAMCFPQ="},
        # Whole seconds: DynamoDB's expiry ignores any other number.
        "ttl": {"N": str(1_734_711_312 + 7200 + 300)},
    }


def test_connect_keeps_who_signed_as_the_owner(handle, rows) -> None:
    handle(connect({"sessionId": "session-1"}, cognitoIdentityId=IDENTITY))

    assert rows()["session-1"]["owner"] == {"S": IDENTITY}


@pytest.mark.parametrize("identity", [{}, {"cognitoIdentityId": ""}])
def test_without_a_signer_there_is_no_owner(handle, rows, identity) -> None:
    handle(connect({"sessionId": "session-1"}, **identity))

    assert "owner" not in rows()["session-1"]


def test_a_context_without_an_identity_registers_all_the_same(handle, rows) -> None:
    event = connect({"sessionId": "session-1"})
    del event["requestContext"]["identity"]

    assert handle(event) == {"statusCode": 200}
    assert "session-1" in rows()


@pytest.mark.parametrize(
    "query",
    [
        None,
        {},
        {"session": "session-1"},
        {"sessionId": ""},
        {"sessionId": "x"},
        {"sessionId": "x" * 101},
        {"sessionId": "session 1"},
        {"sessionId": "connection/DGSykeXooAMCFPQ="},
        {"sessionId": "session-1\n"},
        {"sessionId": "séance"},
    ],
)
def test_connect_without_a_session_that_lex_takes_is_refused(handle, rows, query) -> None:
    assert handle(connect(query)) == {"statusCode": 400}
    assert rows() == {}


def test_a_null_query_is_refused(handle, rows) -> None:
    event = connect(None) | {"queryStringParameters": None}

    assert handle(event) == {"statusCode": 400}
    assert rows() == {}


@pytest.mark.parametrize("session_id", ["ab", "x" * 100, "a.b_c:d-E9"])
def test_every_session_that_lex_takes_may_register(handle, rows, session_id) -> None:
    assert handle(connect({"sessionId": session_id})) == {"statusCode": 200}
    assert session_id in rows()


def test_disconnect_deletes_all_that_connect_wrote(handle, rows) -> None:
    handle(connect({"sessionId": "session-1"}))

    assert handle(disconnect()) == {"statusCode": 200}
    assert rows() == {}


def test_disconnect_leaves_the_row_of_a_newer_connection(handle, rows) -> None:
    handle(connect({"sessionId": "session-1"}, "old="))
    handle(connect({"sessionId": "session-1"}, "new="))

    assert handle(disconnect("old=")) == {"statusCode": 200}
    assert rows()["session-1"]["connectionId"] == {"S": "new="}

    assert handle(disconnect("new=")) == {"statusCode": 200}
    assert rows() == {}


def test_disconnect_leaves_other_sessions(handle, rows) -> None:
    handle(connect({"sessionId": "session-1"}, "one="))
    handle(connect({"sessionId": "session-2"}, "two="))
    handle(disconnect("one="))

    assert rows()["session-2"]["connectionId"] == {"S": "two="}
    assert "session-1" not in rows()


def test_disconnect_of_an_unknown_connection_is_fine(handle, rows) -> None:
    assert handle(disconnect("unknown=")) == {"statusCode": 200}
    assert rows() == {}


def test_a_message_is_taken_and_changes_nothing(handle, rows) -> None:
    event = disconnect()
    event["requestContext"] |= {"routeKey": "ping", "eventType": "MESSAGE"}

    assert handle(event) == {"statusCode": 200}
    assert rows() == {}


def test_every_row_expires(handle, rows) -> None:
    handle(connect({"sessionId": "session-1"}))

    assert {row["ttl"]["N"] for row in rows().values()} == {str(1_734_711_312 + 7500)}


@pytest.mark.parametrize("event", [connect({"sessionId": "session-1"}), disconnect()])
def test_a_table_that_refuses_is_a_server_error(client, event) -> None:
    assert Registration(client, "no-such-table").handle(event) == {"statusCode": 500}


def test_a_table_that_cannot_be_reached_is_a_server_error() -> None:
    config = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    with closing(
        boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )
    ) as unreachable:
        event = connect({"sessionId": "session-1"})
        assert Registration(unreachable, "sessions").handle(event) == {"statusCode": 500}


@pytest.mark.parametrize("table_name", ["no-such-table", None])
def test_nothing_of_the_event_is_logged(client, table, rows, caplog, table_name) -> None:
    caplog.set_level(logging.DEBUG, logger=registration.__name__)
    handle = Registration(client, table_name or table, lambda: NOW).handle
    secrets = {"X-Amz-Signature": "5ec4e7", "X-Amz-Security-Token": "70ce4"}
    for session_id in ("session-of-mine", "not a session"):
        handle(connect({"sessionId": session_id, **secrets}, cognitoIdentityId=IDENTITY))
    handle(disconnect())

    logged = [record for record in caplog.records if record.name == registration.__name__]
    assert logged  # the refusal at least
    for record in logged:
        for secret in ("session-of-mine", "not a session", "5ec4e7", "70ce4", IDENTITY, "DGSyk"):
            assert secret not in record.getMessage()
        assert record.exc_info is None


def test_the_lambda_reads_its_table_from_the_environment(client, table, rows) -> None:
    made = registration._from_environ({"SESSION_TABLE": table})

    assert made.handle(connect({"sessionId": "session-1"})) == {"statusCode": 200}
    assert "session-1" in rows()


def test_the_handler_answers_as_the_registration_does() -> None:
    assert registration.lambda_handler(connect(None), None) == {"statusCode": 400}
