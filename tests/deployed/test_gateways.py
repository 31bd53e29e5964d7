"""One client of two gateways: the local stack's and the emulator's, and what AWS's pages say.

The table of docs/local-stack.md is made here. Where the two differ, AWS's page decides.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.deployed.emulated_account import EmulatedAccount
from tests.documents import ROOT
from tests.stack_fixture import running_stack
from websocket_stack.smoke.browser import Browser, Identity, guest
from websocket_stack.smoke.options import argument_parser
from websocket_stack.smoke.session import dynamodb_client, management_client
from websocket_stack.smoke.stack import LOCAL_POOL, deployed_stack, local_session, local_stack

pytestmark = pytest.mark.deployed
SILENCE_SECONDS = 0.3
CLOSE_SECONDS = 5
TRIES = 20
TRY_SECONDS = 0.1
KB = 1024
WRONG = ReadOnlyCredentials("ASIAWRONGWRONGWRONG1", "wrong", "wrong")

GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
PAGES = {
    "access": f"{GUIDE}/apigateway-websocket-control-access-iam.html",
    "routes": f"{GUIDE}/apigateway-websocket-api-route-response.html",
    "limits": f"{GUIDE}/apigateway-execution-service-websocket-limits-table.html",
    "connections": f"{GUIDE}/apigateway-how-to-call-websocket-api-connections.html",
    "post": "https://docs.aws.amazon.com/cli/latest/reference/apigatewaymanagementapi/"
    "post-to-connection.html",
}


class Client:
    """A client of one gateway, with an open connection.

    Args:
        browser: connects.
        management: an ``apigatewaymanagementapi`` client.
        connection_id: returns the id of the connection of a session.
    """

    def __init__(
        self, browser: Browser, management: Any, connection_id: Callable[[str], str]
    ) -> None:
        self._browser = browser
        self._management = management
        self._connection_id = connection_id
        self._sockets = ExitStack()
        self.session_id = f"client-{uuid.uuid4().hex}"

    def connect(self, *, signs: bool = True, credentials: ReadOnlyCredentials | None = None) -> str:
        browser = self._browser
        if credentials:
            browser = browser.with_identity(Identity("unknown", credentials))
        try:
            with browser.connect(f"client-{uuid.uuid4().hex}", signs=signs):
                return "accepted"
        except InvalidStatus as exc:
            return str(exc.response.status_code)

    def open(self) -> tuple[ClientConnection, str]:
        """Return a new connection, and its id."""
        session_id = f"client-{uuid.uuid4().hex}"
        socket = self._sockets.enter_context(self._browser.connect(session_id))
        return socket, self._connection_id(session_id)

    def send(self, message: str | bytes | list[str]) -> str:
        """Send a message, or its fragments; return what comes of it."""
        socket, _ = self.open()
        try:
            socket.send(message)
            return f"answered: {socket.recv(timeout=SILENCE_SECONDS)!r}"
        except TimeoutError:
            return "silent"
        except ConnectionClosed as exc:
            return f"closed with {exc.rcvd.code}" if exc.rcvd else "lost"

    def post(self, data: bytes, *, closed: bool = False) -> str:
        socket, connection_id = self.open()
        if closed:
            socket.close()
            return self._once_closed("post_to_connection", connection_id, Data=data)
        answer = self._call("post_to_connection", connection_id, Data=data)
        if answer != "200":
            return answer
        try:
            received = socket.recv(timeout=CLOSE_SECONDS if data else SILENCE_SECONDS)
        except TimeoutError:
            return "200, no frame"
        whole = len(received) == len(data)
        return "200, arrives" if whole else f"200, {len(received)} of {len(data)} bytes arrive"

    def get(self, *, closed: bool = False) -> str:
        socket, connection_id = self.open()
        if closed:
            socket.close()
            return self._once_closed("get_connection", connection_id)
        return self._call("get_connection", connection_id)

    def delete(self) -> str:
        socket, connection_id = self.open()
        answer = self._call("delete_connection", connection_id)
        try:
            socket.recv(timeout=CLOSE_SECONDS)
        except ConnectionClosed:
            return f"{answer}, closed"
        except TimeoutError:
            pass
        return f"{answer}, open"

    def close(self) -> None:
        self._sockets.close()

    def _once_closed(self, operation: str, connection_id: str, **request: Any) -> str:
        """Call until the gateway knows that a socket was closed."""
        answer = ""
        for _ in range(TRIES):
            answer = self._call(operation, connection_id, **request)
            if answer != "200":
                break
            time.sleep(TRY_SECONDS)
        return answer

    def _call(self, operation: str, connection_id: str, **request: Any) -> str:
        call = getattr(self._management, operation)
        try:
            response = call(ConnectionId=connection_id, **request)
        except ClientError as exc:
            metadata = exc.response["ResponseMetadata"]
            return f"{metadata['HTTPStatusCode']} {exc.response['Error']['Code']}"
        return str(response["ResponseMetadata"]["HTTPStatusCode"])


class Question(NamedTuple):
    """What a client does, what AWS answers by which of its pages, and how to find out."""

    what: str
    aws: str
    page: str
    ask: Callable[[Client], str]


QUESTIONS = [
    Question("connect, signed", "accepted", "access", lambda client: client.connect()),
    Question("connect, unsigned", "403", "access", lambda client: client.connect(signs=False)),
    Question(
        "connect, signed with an unknown key",
        "403",
        "access",
        lambda client: client.connect(credentials=WRONG),
    ),
    Question("send `hello`", "silent", "routes", lambda client: client.send("hello")),
    Question(
        "send an unknown action", "silent", "routes", lambda client: client.send('{"action":"x"}')
    ),
    Question("send a ping", "silent", "routes", lambda client: client.send('{"action":"ping"}')),
    Question(
        "send a frame of 32 KB", "silent", "limits", lambda client: client.send("x" * 32 * KB)
    ),
    Question(
        "send a frame of 33 KB",
        "closed with 1009",
        "limits",
        lambda client: client.send("x" * 33 * KB),
    ),
    Question(
        "send 128 KB in frames of 32 KB",
        "silent",
        "limits",
        lambda client: client.send(["x" * 32 * KB] * 4),
    ),
    Question(
        "send 160 KB in frames of 32 KB",
        "closed with 1009",
        "limits",
        lambda client: client.send(["x" * 32 * KB] * 5),
    ),
    Question("post", "200, arrives", "connections", lambda client: client.post(b"text")),
    Question("post 128 KB", "200, arrives", "limits", lambda client: client.post(b"x" * 128 * KB)),
    Question(
        "post 129 KB",
        "413 PayloadTooLargeException",
        "post",
        lambda client: client.post(b"x" * 129 * KB),
    ),
    Question(
        "post to a closed connection",
        "410 GoneException",
        "post",
        lambda client: client.post(b"text", closed=True),
    ),
    Question("get a connection", "200", "connections", lambda client: client.get()),
    Question(
        "get a closed connection",
        "410 GoneException",
        "connections",
        lambda client: client.get(closed=True),
    ),
    Question("delete a connection", "204, closed", "connections", lambda client: client.delete()),
]


def _connections(client: Any, table: str) -> Callable[[str], str]:
    def connection_id(session_id: str) -> str:
        row = client.get_item(TableName=table, Key={"sessionId": {"S": session_id}})["Item"]
        return str(row["connectionId"]["S"])

    return connection_id


def _answers(client: Client) -> dict[str, str]:
    try:
        return {each.what: each.ask(client) for each in QUESTIONS}
    finally:
        client.close()


@pytest.fixture(scope="module")
def emulated(aws: EmulatedAccount) -> dict[str, str]:
    """What MiniStack answers."""
    found = aws.deployed("gateway", "--template", "streaming-support")
    stack = deployed_stack(argument_parser().parse_args(["--stack", found.name]), aws.session)
    identity = aws.session.get_credentials()
    assert identity
    credentials = identity.get_frozen_credentials()
    browser = Browser(stack, Identity("client", credentials), open_socket=aws.open_socket)
    table = _connections(aws.client("dynamodb"), found.outputs["DynamoTableName"])
    try:
        return _answers(Client(browser, management_client(aws.session, stack), table))
    finally:
        aws.deploy("gateway", "--delete")


@pytest.fixture(scope="module")
def local(emulated: dict[str, str]) -> dict[str, str]:
    """What the local stack answers; moto, which it runs on, would answer in MiniStack's place."""
    with pytest.MonkeyPatch.context() as environ, running_stack(auth="iam") as origin:
        environ.delenv("AWS_ENDPOINT_URL")
        stack = local_stack(argument_parser().parse_args(["--endpoint", origin]))
        session = local_session()
        browser = Browser(stack, guest(session, stack, LOCAL_POOL))
        table = _connections(dynamodb_client(session, stack), str(stack.session_table))
        return _answers(Client(browser, management_client(session, stack), table))


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    head = [("a client", "AWS", "`scripts/serve`", "MiniStack"), ("---",) * 4]
    lines = [f"| {' | '.join(row)} |" for row in [*head, *rows]]
    return "\n".join([*lines, "", *(f"[{name}]: {url}" for name, url in PAGES.items())])


def test_the_documents_table_is_what_both_answer(
    local: dict[str, str], emulated: dict[str, str]
) -> None:
    rows = [
        (each.what, f"[{each.aws}][{each.page}]", local[each.what], emulated[each.what])
        for each in QUESTIONS
    ]
    assert _table(rows) in (ROOT / "docs" / "local-stack.md").read_text("utf-8"), _table(rows)


def test_the_local_gateway_answers_as_aws(local: dict[str, str]) -> None:
    assert local == {each.what: each.aws for each in QUESTIONS}
