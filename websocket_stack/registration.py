"""Registers a browser's connection under its Lex session: $connect and $disconnect.

Standard library and boto3 only: the CloudFormation template carries this file inline. Neither
the event nor the query string is ever logged; they hold the caller's credentials.

A session belongs to the owner who registered it first until it has not been used for a day. Its
row outlives its connections, and turns renew it, since a page goes on asking without a connection.
Anyone else who claims it is refused, and the row is marked contested: two people then share one
Lex session, and the fulfillment streams to neither, since it cannot tell whose question it answers.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)
# At DEBUG these write what they send, credentials included, whatever sets the root logger to it.
for _name in ("boto3", "botocore", "s3transfer", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")
# https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
IDENTITY_ID = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+:[0-9a-f-]{36}")
# Connection ids and owners; no real one has other characters.
PRINTABLE = re.compile(r"[!-~]{1,1000}")
# The name of every guest's session of a role, so that it identifies none of them.
# https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html
SHARED_ARN = "/CognitoIdentityCredentials"
# A connection lives two hours at most; the margin covers the time between the two clocks.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
CONNECTION_SECONDS = 2 * 60 * 60 + 5 * 60
# Lex remembers a session for a day at most (idleSessionTTLInSeconds).
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_CreateBot.html
UNUSED_SECONDS = 24 * 60 * 60
# Sessions that one Cognito identity may claim in a day; a page claims one when it is opened.
CLAIMS_A_DAY = 100

Values = dict[str, dict[str, str]]
"""Attribute values as DynamoDB's API writes them."""


class Refused(Exception):
    """$connect is answered with a status that is not 200; says why, without naming anybody."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Registration:
    """Writes the rows of the session table.

    Args:
        client: a ``dynamodb`` client.
        table_name: the table's name.
        allow_anonymous: whether callers without an identity may register.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        allow_anonymous: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._allow_anonymous = allow_anonymous
        self._now = now

    def handle(self, event: Mapping[str, Any]) -> dict[str, int]:
        """Answer one WebSocket event with the status that API Gateway acts on."""
        context = _object(_object(event).get("requestContext"))
        event_type = context.get("eventType")
        try:
            if event_type == "CONNECT":
                self._connect(_connection_id(context), _session_id(event), _owner(context))
            elif event_type == "DISCONNECT":
                self._disconnect(_connection_id(context))
        except Refused as refused:
            logger.warning("refused with %d: %s", refused.status, refused)
            return {"statusCode": refused.status}
        except (ClientError, BotoCoreError) as exc:
            logger.error("session table failed: %s", type(exc).__name__)
            return {"statusCode": 500}
        return {"statusCode": 200}

    def _connect(self, connection_id: str, session_id: str, owner: str) -> None:
        if not owner and not self._allow_anonymous:
            raise Refused(401, "the caller has no identity of their own")
        if owner and IDENTITY_ID.fullmatch(session_id) and session_id != owner:
            raise Refused(403, "sessionId is the identity of somebody else")
        key, connection = {"sessionId": {"S": session_id}}, {"S": connection_id}
        if not (
            self._renew(key, connection, owner)
            or self._take(key, connection, owner)
            # Another page of the same owner was first.
            or self._renew(key, connection, owner)
        ):
            self._contest(key, owner)
            raise Refused(403, "the session has another owner")
        self._client.put_item(
            TableName=self._table_name,
            Item=_back_reference(connection_id)
            | {"registeredFor": key["sessionId"], "ttl": self._in(CONNECTION_SECONDS)},
        )

    def _renew(self, key: Values, connection: dict[str, str], owner: str) -> bool:
        """Point the owner's own row to a new connection; contested stays contested."""
        return owner != "" and self._succeeds(
            self._client.update_item,
            Key=key,
            UpdateExpression="SET connectionId = :connection, #ttl = :ttl",
            ConditionExpression="#owner = :owner AND #ttl > :now",
            ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
            ExpressionAttributeValues={
                ":connection": connection,
                ":ttl": self._in(CONNECTION_SECONDS + UNUSED_SECONDS),
                ":owner": {"S": owner},
                ":now": self._in(0),
            },
        )

    def _take(self, key: Values, connection: dict[str, str], owner: str) -> bool:
        """Write a row where there is none, none that lives, or one that has no owner."""
        row = key | {"connectionId": connection, "ttl": self._in(CONNECTION_SECONDS)}
        if owner:
            self._count_claim(owner)
            ttl = self._in(CONNECTION_SECONDS + UNUSED_SECONDS)
            row |= {"owner": {"S": owner}, "ttl": ttl}
        return self._succeeds(
            self._client.put_item,
            Item=row,
            ConditionExpression="attribute_not_exists(sessionId) OR #ttl <= :now"
            " OR (attribute_not_exists(#owner) AND attribute_not_exists(contested))",
            ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
            ExpressionAttributeValues={":now": self._in(0)},
        )

    def _count_claim(self, owner: str) -> None:
        """Count that an owner claims one more session today, or refuse.

        Principals of the account itself are trusted, and one may act for many people.
        """
        day = int(self._now()) // UNUSED_SECONDS
        if not owner.startswith("arn:") and not self._succeeds(
            self._client.update_item,
            Key={"sessionId": {"S": f"claims/{day}/{owner}"}},
            UpdateExpression="SET #ttl = :ttl ADD claims :one",
            ConditionExpression="attribute_not_exists(claims) OR claims < :most",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={
                ":ttl": self._in(UNUSED_SECONDS),
                ":one": {"N": "1"},
                ":most": {"N": str(CLAIMS_A_DAY)},
            },
        ):
            raise Refused(429, "the caller claims too many sessions")

    def _contest(self, key: Values, owner: str) -> None:
        """Mark a row as claimed by two, for as long as the newcomer may ask."""
        self._succeeds(
            self._client.update_item,
            Key=key,
            UpdateExpression="SET contested = :true, #ttl = :ttl",
            ConditionExpression="attribute_exists(sessionId) AND #owner <> :owner",
            ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
            ExpressionAttributeValues={
                ":true": {"BOOL": True},
                ":ttl": self._in(CONNECTION_SECONDS + UNUSED_SECONDS),
                ":owner": {"S": owner or "nobody"},
            },
        )

    def _disconnect(self, connection_id: str) -> None:
        reference = self._client.delete_item(
            TableName=self._table_name, Key=_back_reference(connection_id), ReturnValues="ALL_OLD"
        ).get("Attributes", {})
        if session_id := reference.get("registeredFor"):
            # The browser may have connected again meanwhile.
            self._succeeds(
                self._client.update_item,
                Key={"sessionId": session_id},
                UpdateExpression="REMOVE connectionId",
                ConditionExpression="connectionId = :connection",
                ExpressionAttributeValues={":connection": {"S": connection_id}},
            )

    def _in(self, seconds: int) -> dict[str, str]:
        """Return a time from now, in whole seconds: DynamoDB's expiry ignores other numbers."""
        return {"N": str(int(self._now()) + seconds)}

    def _succeeds(self, operation: Callable[..., Any], **request: Any) -> bool:
        """Run a conditional write; return whether its condition held."""
        try:
            operation(TableName=self._table_name, **request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _connection_id(context: Mapping[str, Any]) -> str:
    return _text(context.get("connectionId"), PRINTABLE, "this is no event of a WebSocket API")


def _session_id(event: Mapping[str, Any]) -> str:
    session_id = _object(event.get("queryStringParameters")).get("sessionId")
    return _text(session_id, SESSION_ID, "sessionId is missing or not one that Lex takes")


def _owner(context: Mapping[str, Any]) -> str:
    """Return who signed the request (authorization AWS_IAM), or nothing if they cannot be told.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    """
    identity = _object(context.get("identity"))
    owner = identity.get("cognitoIdentityId") or identity.get("userArn")
    if not isinstance(owner, str) or owner.endswith(SHARED_ARN) or not PRINTABLE.fullmatch(owner):
        return ""
    return owner


def _object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def _text(value: object, pattern: re.Pattern[str], reason: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(400, reason)
    return value


def _back_reference(connection_id: str) -> Values:
    """Return the key of the row that leads from a connection back to its session.

    A $disconnect event carries the connection id alone. No session id has a slash in it.
    """
    return {"sessionId": {"S": f"connection/{connection_id}"}}


def _from_environ(environ: Mapping[str, str]) -> Registration:
    client = boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=2,
            read_timeout=3,
            retries={"total_max_attempts": 2, "mode": "standard"},
        ),
    )
    allow_anonymous = environ.get("ALLOW_ANONYMOUS", "").lower() == "true"
    return Registration(client, environ["SESSION_TABLE"], allow_anonymous=allow_anonymous)


_registration = _from_environ(os.environ)


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Answer $connect and $disconnect of the WebSocket API."""
    return _registration.handle(event)
