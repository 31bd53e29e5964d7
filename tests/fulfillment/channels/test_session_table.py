import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

import aws_stub
from fulfillment.channels.session_table import Session, SessionTable
from fulfillment.errors import SessionTableError

NOW = 1_800_000_000.0


@pytest.fixture
def client():
    with mock_aws():
        made = boto3.client("dynamodb", region_name="us-east-1")
        made.create_table(
            TableName="sessions",
            KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sessionId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield made


def find(client, **attributes):
    client.put_item(TableName="sessions", Item={"sessionId": {"S": "s"}, **attributes})
    return SessionTable(client, "sessions", now=lambda: NOW).find("s")


def test_the_connection_of_a_session_is_found(client):
    assert find(client, connectionId={"S": "c="}, ttl={"N": "1800000100"}) == Session("c=")


def test_a_row_of_the_stock_lex_web_ui_with_a_fractional_ttl_is_read(client):
    assert find(client, connectionId={"S": "c="}, ttl={"N": "1800000100.25"}) == Session("c=")


def test_a_contested_row_says_so(client):
    row = find(client, connectionId={"S": "c="}, owner={"S": "me"}, contested={"BOOL": True})
    assert row == Session("c=", contested=True)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"connectionId": {"N": "5"}},
        {"connectionId": {"S": "c="}, "ttl": {"N": "1799999999"}},
    ],
)
def test_a_row_that_leads_to_no_live_connection_is_none(client, attributes):
    assert find(client, **attributes) is None


def test_a_session_without_a_row_is_none(client):
    assert SessionTable(client, "sessions", now=lambda: NOW).find("nobody") is None


@pytest.mark.parametrize(
    "reply",
    [
        aws_stub.refused(400, "ResourceNotFoundException"),
        aws_stub.raised(ReadTimeoutError(endpoint_url="https://x")),
    ],
)
def test_a_table_that_cannot_be_read_is_an_error_of_ours(reply):
    client, _ = aws_stub.client("dynamodb", reply)
    with pytest.raises(SessionTableError):
        SessionTable(client, "sessions").find("s")
