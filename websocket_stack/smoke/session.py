"""What the checks of one run share: the browser, the Lambda's clients, and what is open."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.request import urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.sync.client import ClientConnection

from websocket_stack.aws_errors import error_code
from websocket_stack.smoke.browser import Browser, Identity
from websocket_stack.smoke.function import FulfillmentFunction
from websocket_stack.smoke.report import CheckSkipped
from websocket_stack.smoke.stack import StackUnderTest

# Without retries: the time of one post is measured.
PAGE_SECONDS = 20
MOST_AT_ONCE = 32
ONCE = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=MOST_AT_ONCE,
)


def fetch(url: str) -> bytes:
    """Return what is at an address."""
    with urlopen(url, timeout=PAGE_SECONDS) as response:
        content: bytes = response.read()
    return content


class PostResponse(NamedTuple):
    """The response to a post: status, headers by lower-case name, body, and its time."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float


@dataclass
class SmokeSession:
    """One run of the checks; a check leaves its socket open for the next ones.

    Args:
        stack: the stack that is checked.
        browser: connects and asks.
        management: an ``apigatewaymanagementapi`` client.
        dynamodb: a ``dynamodb`` client.
        question: the question to ask.
        long_question: a question whose reply is long.
        posts: how many posts to measure.
        new_guest: returns another identity; ``None`` if there is no identity pool.
        clock: a monotonic clock, in seconds.
        sleep: waits for some seconds.
        quiet_seconds: how long to wait for what must not arrive.
        function: the fulfillment Lambda, if it is known.
        burst: how many posts to make at once; ``None`` for more than the stage takes from clients.
        page: the page's address, if it is to be checked.
        fetch: returns what is at an address.
        waits_for_metrics: whether to wait until the metrics of the turns have arrived.
        token: what clients sign in with, if they need one.
        sockets: closes what was opened.
        socket: the browser's own socket, once it is open.
        connection_id: its connection's id, once it was looked up.
    """

    stack: StackUnderTest
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
    function: FulfillmentFunction | None = None
    burst: int | None = None
    page: str | None = None
    fetch: Callable[[str], bytes] = fetch
    waits_for_metrics: bool = False
    token: str | None = None
    sockets: ExitStack = field(default_factory=ExitStack)
    socket: ClientConnection | None = None
    connection_id: str | None = None

    def require_socket(self) -> ClientConnection:
        """Return the browser's own socket.

        Raises:
            CheckSkipped: it could not be opened.
        """
        if self.socket is None:
            raise CheckSkipped("not connected")
        return self.socket

    def require_connection_id(self) -> str:
        """Return the id of the browser's own connection, from the session table.

        Raises:
            CheckSkipped: it cannot be known.
        """
        self.require_socket()
        if self.connection_id is None:
            connection_id: str = self.row()["connectionId"]["S"]
            self.connection_id = connection_id
        return self.connection_id

    def row(self) -> Mapping[str, Any]:
        """Return the session's row in the session table.

        Raises:
            CheckSkipped: it cannot be read.
        """
        table = self.stack.session_table
        if not table:
            raise CheckSkipped("the session table is not known; give --session-table")
        try:
            row: Mapping[str, Any] | None = self.dynamodb.get_item(
                TableName=table,
                Key={"sessionId": {"S": self.browser.session_id}},
                ConsistentRead=True,
            ).get("Item")
        except ClientError as exc:
            raise CheckSkipped(f"you may not read table {table} ({error_code(exc)})") from exc
        if not row:
            raise CheckSkipped(f"table {table} has no row of this session")
        return row

    def post_many(self, data: bytes, count: int) -> Counter[int]:
        """Post the same many times at once; return how often each status came back."""
        connection_id = self.require_connection_id()

        def status(_: int) -> int:
            try:
                self.management.post_to_connection(ConnectionId=connection_id, Data=data)
            except ClientError as exc:
                return int(exc.response["ResponseMetadata"]["HTTPStatusCode"])
            return 200

        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            return Counter(pool.map(status, range(count)))

    def post(self, data: bytes) -> PostResponse:
        """Post to the browser's own connection.

        Args:
            data: what to post.

        Returns:
            The response, whatever its status.

        Raises:
            CheckSkipped: the caller may not post, or the connection is not known.
        """
        connection_id = self.require_connection_id()
        responses: list[dict[str, Any]] = []
        events = self.management.meta.events
        event = "response-received.apigatewaymanagementapi.PostToConnection"

        def record(response_dict: dict[str, Any], **others: Any) -> None:
            responses.append(response_dict)

        events.register(event, record)
        started = self.clock()
        try:
            self.management.post_to_connection(ConnectionId=connection_id, Data=data)
        except ClientError:
            if not responses:
                raise
        finally:
            events.unregister(event, record)
        response = _post_response(responses[-1], self.clock() - started)
        if response.status == 403:
            raise CheckSkipped("you may not post (403): execute-api:ManageConnections is needed")
        return response


def _post_response(raw: dict[str, Any], seconds: float) -> PostResponse:
    body = raw.get("body")
    return PostResponse(
        raw["status_code"],
        {name.lower(): str(value) for name, value in raw["headers"].items()},
        body.decode(errors="replace") if isinstance(body, bytes) else "",
        seconds,
    )


def management_client(session: boto3.Session, stack: StackUnderTest) -> Any:
    """Return the client that posts to connections, as the fulfillment Lambda does."""
    make: Any = session.client
    return make(
        "apigatewaymanagementapi",
        # Without an API, nothing is posted.
        endpoint_url=stack.connections or None,
        region_name=stack.region,
        config=ONCE,
    )


def dynamodb_client(session: boto3.Session, stack: StackUnderTest) -> Any:
    """Return the client that reads the session table."""
    make: Any = session.client
    return make("dynamodb", endpoint_url=stack.endpoint, region_name=stack.region, config=ONCE)
