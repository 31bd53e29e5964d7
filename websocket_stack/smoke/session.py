"""One visit of ``scripts/smoke``: the browser's side and the Lambda's, with what is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.sync.client import ClientConnection

from websocket_stack.deployment.failures import code_of
from websocket_stack.smoke.browser import Browser, Identity
from websocket_stack.smoke.report import CheckSkipped
from websocket_stack.smoke.stack import Target

# Once, and without retries: what a post takes is what is measured.
ONCE = Config(
    connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1, "mode": "standard"}
)


class Answer(NamedTuple):
    """The answer to a post as it came: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float


@dataclass
class Visit:
    """What the checks share; a check leaves the socket and its turn for the next ones."""

    target: Target
    browser: Browser
    management: Any
    dynamodb: Any
    question: str
    long_question: str
    posts: int
    new_guest: Callable[[], Identity] | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    quiet_seconds: float = 1.0
    sockets: ExitStack = field(default_factory=ExitStack)
    socket: ClientConnection | None = None
    connection_id: str | None = None

    def open_socket(self) -> ClientConnection:
        """Return the socket.

        Raises:
            CheckSkipped: it could not be opened.
        """
        if self.socket is None:
            raise CheckSkipped("not connected")
        return self.socket

    def own_connection(self) -> str:
        """Return the id of the own connection, out of the session table.

        Raises:
            CheckSkipped: it cannot be known.
        """
        self.open_socket()
        if self.connection_id is None:
            self.connection_id = self._looked_up()
        return self.connection_id

    def _looked_up(self) -> str:
        name = self.target.session_table
        if not name:
            raise CheckSkipped("the session table is not known; give --session-table")
        try:
            row = self.dynamodb.get_item(
                TableName=name,
                Key={"sessionId": {"S": self.browser.session_id}},
                ConsistentRead=True,
            ).get("Item")
        except ClientError as exc:
            raise CheckSkipped(f"you may not read table {name} ({code_of(exc)})") from exc
        if not row:
            raise CheckSkipped(f"table {name} has no row of this session")
        return str(row["connectionId"]["S"])

    def post(self, data: bytes) -> Answer:
        """Post to the own connection, and return the answer whatever it is.

        Raises:
            CheckSkipped: the caller may not post, or the connection is not known.
        """
        connection = self.own_connection()
        answers: list[dict[str, Any]] = []
        events = self.management.meta.events
        event = "response-received.apigatewaymanagementapi.PostToConnection"

        def keep(response_dict: dict[str, Any], **others: Any) -> None:
            answers.append(response_dict)

        events.register(event, keep)
        started = self.clock()
        try:
            self.management.post_to_connection(ConnectionId=connection, Data=data)
        except ClientError:
            if not answers:
                raise
        finally:
            events.unregister(event, keep)
        answer = _answer(answers[-1], self.clock() - started)
        if answer.status == 403:
            raise CheckSkipped("you may not post (403): execute-api:ManageConnections is needed")
        return answer


def _answer(raw: dict[str, Any], seconds: float) -> Answer:
    body = raw.get("body")
    return Answer(
        raw["status_code"],
        {name.lower(): str(value) for name, value in raw["headers"].items()},
        body.decode(errors="replace") if isinstance(body, bytes) else "",
        seconds,
    )


def management_client(session: boto3.Session, target: Target) -> Any:
    """Return what posts to connections, as the fulfillment Lambda does."""
    make: Any = session.client
    return make(
        "apigatewaymanagementapi",
        endpoint_url=target.connections,
        region_name=target.region,
        config=ONCE,
    )


def dynamodb_client(session: boto3.Session, target: Target) -> Any:
    """Return what reads the session table."""
    make: Any = session.client
    return make("dynamodb", endpoint_url=target.endpoint, region_name=target.region, config=ONCE)
