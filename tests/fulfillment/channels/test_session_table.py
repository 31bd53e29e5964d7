import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

import aws_stub
from fulfillment.channels.session_table import SessionTable
from fulfillment.errors import AddressContested, SessionTableError

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
    assert find(client, connectionId={"S": "c="}, ttl={"N": "1800000100"}) == "c="


def test_a_ttl_may_be_a_fraction(client):
    """The stock Lex Web UI writes one."""
    assert find(client, connectionId={"S": "c="}, ttl={"N": "1800000100.25"}) == "c="


def test_a_contested_row_is_never_trusted(client):
    contested = {"owner": {"S": "me"}, "contested": {"BOOL": True}}
    with pytest.raises(AddressContested):
        find(client, connectionId={"S": "c="}, ttl={"N": "1800000100"}, **contested)


def test_a_contest_ends_with_the_connection(client):
    row = {"connectionId": {"S": "c="}, "contested": {"BOOL": True}, "ttl": {"N": "1799999999"}}
    assert find(client, **row) is None


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"connectionId": {"N": "5"}},
        {"connectionId": {"S": "c="}, "ttl": {"N": "1799999999"}},
    ],
)
def test_a_row_without_a_live_connection_is_none(client, attributes):
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
def test_a_table_that_cannot_be_read_is_our_error(reply):
    client, _ = aws_stub.client("dynamodb", reply)
    with pytest.raises(SessionTableError):
        SessionTable(client, "sessions").find("s")
