"""Registers a browser's connection under its Lex session: $connect and $disconnect.

Standard library and boto3 only: the CloudFormation template carries this file inline. Neither
the event nor the query string is ever logged; they hold the caller's credentials.

A session belongs to the owner who registered it first, as long as its row lives. Whoever else
claims it is refused, and the row is marked contested: two people then share one Lex session, and
the fulfillment streams to neither, since it cannot tell whose question it answers.
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

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")
# https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
IDENTITY_ID = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+:[0-9a-f-]{36}")
# A connection lives two hours at most; the margin covers the time between the two clocks.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
ROW_SECONDS = 2 * 60 * 60 + 5 * 60

Values = dict[str, dict[str, str]]
"""Attribute values as DynamoDB's API writes them."""


class Refused(Exception):
    """$connect is answered with a status that is not 200; says why, without naming anybody."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Registration:
    """Writes and deletes rows of the session table.

    Takes a ``dynamodb`` client, the table's name, whether callers without an identity may
    register, and the wall clock in epoch seconds.
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
        context = event["requestContext"]
        try:
            if context["eventType"] == "CONNECT":
                self._connect(event, context)
            elif context["eventType"] == "DISCONNECT":
                self._disconnect(context["connectionId"])
        except Refused as refused:
            logger.warning("refused with %d: %s", refused.status, refused)
            return {"statusCode": refused.status}
        except (ClientError, BotoCoreError) as exc:
            logger.error("session table failed: %s", type(exc).__name__)
            return {"statusCode": 500}
        return {"statusCode": 200}

    def _connect(self, event: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        session_id = (event.get("queryStringParameters") or {}).get("sessionId") or ""
        owner = _owner(context)
        if not SESSION_ID.fullmatch(session_id):
            raise Refused(400, "sessionId is missing or not one that Lex takes")
        if not owner and not self._allow_anonymous:
            raise Refused(401, "the caller has no identity")
        if owner and IDENTITY_ID.fullmatch(session_id) and session_id != owner:
            raise Refused(403, "sessionId is the identity of somebody else")
        ttl = {"N": str(int(self._now()) + ROW_SECONDS)}
        row = {"connectionId": {"S": context["connectionId"]}, "ttl": ttl}
        key = {"sessionId": {"S": session_id}}
        if not (self._take(key | row, owner) or (owner and self._renew(key, row, owner))):
            self._contest(key, ttl, owner)
            raise Refused(403, "the session has another owner")
        self._client.put_item(
            TableName=self._table_name,
            Item=_back_reference(context["connectionId"])
            | {"registeredFor": key["sessionId"], "ttl": ttl},
        )

    def _take(self, row: Values, owner: str) -> bool:
        """Write a row where there is none, none that lives, or one that has no owner."""
        return self._succeeds(
            self._client.put_item,
            Item=row | ({"owner": {"S": owner}} if owner else {}),
            ConditionExpression="attribute_not_exists(sessionId) OR #ttl <= :now"
            " OR (attribute_not_exists(#owner) AND attribute_not_exists(contested))",
            ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
            ExpressionAttributeValues={":now": {"N": str(int(self._now()))}},
        )

    def _renew(self, key: Values, row: Values, owner: str) -> bool:
        """Point the owner's own row to a new connection; contested stays contested."""
        return self._succeeds(
            self._client.update_item,
            Key=key,
            UpdateExpression="SET connectionId = :connection, #ttl = :ttl",
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
            ExpressionAttributeValues={
                ":connection": row["connectionId"],
                ":ttl": row["ttl"],
                ":owner": {"S": owner},
            },
        )

    def _contest(self, key: Values, ttl: dict[str, str], owner: str) -> None:
        """Mark a row as claimed by two, for as long as the newcomer may stay."""
        self._succeeds(
            self._client.update_item,
            Key=key,
            UpdateExpression="SET contested = :true, #ttl = :ttl",
            ConditionExpression="attribute_exists(sessionId) AND #owner <> :owner",
            ExpressionAttributeNames={"#ttl": "ttl", "#owner": "owner"},
            ExpressionAttributeValues={
                ":true": {"BOOL": True},
                ":ttl": ttl,
                ":owner": {"S": owner or "nobody"},
            },
        )

    def _disconnect(self, connection_id: str) -> None:
        reference = self._client.delete_item(
            TableName=self._table_name, Key=_back_reference(connection_id), ReturnValues="ALL_OLD"
        ).get("Attributes")
        if reference:
            # The browser may have connected again meanwhile. A contested row outlives its
            # connection: the other claimant may still be there.
            self._succeeds(
                self._client.delete_item,
                Key={"sessionId": reference["registeredFor"]},
                ConditionExpression="connectionId = :connection"
                " AND attribute_not_exists(contested)",
                ExpressionAttributeValues={":connection": {"S": connection_id}},
            )

    def _succeeds(self, operation: Callable[..., Any], **request: Any) -> bool:
        """Run a conditional write; return whether its condition held."""
        try:
            operation(TableName=self._table_name, **request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _owner(context: Mapping[str, Any]) -> str:
    """Return who signed the request (authorization AWS_IAM), or nothing.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    """
    identity = context.get("identity") or {}
    # userArn is one and the same for all guests of an identity pool; it serves other callers.
    return identity.get("cognitoIdentityId") or identity.get("userArn") or ""


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
