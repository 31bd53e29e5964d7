"""Registers a browser's connection under its Lex session: $connect and $disconnect.

Standard library and boto3 only: the CloudFormation template carries this file inline. Neither
the event nor the query string is ever logged; they hold the caller's credentials.
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
# A connection lives two hours at most; the margin covers the time between the two clocks.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
ROW_SECONDS = 2 * 60 * 60 + 5 * 60


class Registration:
    """Writes and deletes rows of the session table.

    Takes a ``dynamodb`` client, the table's name, and the wall clock in epoch seconds.
    """

    def __init__(self, client: Any, table_name: str, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table_name = table_name
        self._now = now

    def handle(self, event: Mapping[str, Any]) -> dict[str, int]:
        """Answer one WebSocket event with the status that API Gateway acts on."""
        context = event["requestContext"]
        try:
            if context["eventType"] == "CONNECT":
                return {"statusCode": self._connect(event, context)}
            if context["eventType"] == "DISCONNECT":
                self._disconnect(context["connectionId"])
        except (ClientError, BotoCoreError) as exc:
            logger.error("session table failed: %s", type(exc).__name__)
            return {"statusCode": 500}
        return {"statusCode": 200}

    def _connect(self, event: Mapping[str, Any], context: Mapping[str, Any]) -> int:
        session_id = (event.get("queryStringParameters") or {}).get("sessionId") or ""
        if not SESSION_ID.fullmatch(session_id):
            logger.warning("refused: sessionId is missing or not one that Lex takes")
            return 400
        row = {
            "sessionId": {"S": session_id},
            "connectionId": {"S": context["connectionId"]},
            "ttl": {"N": str(int(self._now()) + ROW_SECONDS)},
        }
        # Present when the caller signed with Amazon Cognito credentials (authorization AWS_IAM).
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
        if owner := (context.get("identity") or {}).get("cognitoIdentityId"):
            row["owner"] = {"S": owner}
        self._client.put_item(
            TableName=self._table_name,
            Item=_back_reference(row["connectionId"]["S"])
            | {"registeredFor": row["sessionId"], "ttl": row["ttl"]},
        )
        self._client.put_item(TableName=self._table_name, Item=row)
        return 200

    def _disconnect(self, connection_id: str) -> None:
        reference = self._client.delete_item(
            TableName=self._table_name, Key=_back_reference(connection_id), ReturnValues="ALL_OLD"
        ).get("Attributes")
        if not reference:
            return
        try:
            self._client.delete_item(
                TableName=self._table_name,
                Key={"sessionId": reference["registeredFor"]},
                ConditionExpression="connectionId = :connection",
                ExpressionAttributeValues={":connection": {"S": connection_id}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            pass  # the browser has connected again meanwhile


def _back_reference(connection_id: str) -> dict[str, dict[str, str]]:
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
    return Registration(client, environ["SESSION_TABLE"])


_registration = _from_environ(os.environ)


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Answer $connect and $disconnect of the WebSocket API."""
    return _registration.handle(event)
