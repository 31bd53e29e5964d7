"""A browser with Lex Web UI: its credentials, its socket, its questions to Lex."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from websockets.sync.client import ClientConnection, connect

from websocket_stack.smoke import presigning
from websocket_stack.smoke.stack import BotAlias, StackUnderTest

RECEIVE_SECONDS = 0.05
# A frame that was posted before the reply may arrive after it.
LATE_FRAME_SECONDS = 0.5

Socket: TypeAlias = AbstractContextManager[ClientConnection]
Connect: TypeAlias = Callable[..., Any]
"""Opens a socket; the return type of websockets' own is a union that no context manager fits."""


class TimedFrame(NamedTuple):
    """A frame and when it arrived, in seconds after the question."""

    at: float
    text: str


@dataclass(frozen=True)
class ObservedTurn:
    """One turn as the browser sees it: its frames, then its messages.

    Args:
        frames: what arrived over the socket.
        messages: the texts of the reply.
        attributes: the session attributes that Lex returned.
        seconds: from the question to the reply.
    """

    frames: tuple[TimedFrame, ...]
    messages: tuple[str, ...]
    attributes: Mapping[str, str]
    seconds: float

    @property
    def reply(self) -> str:
        return "".join(self.messages)

    @property
    def streamed(self) -> str:
        return "".join(frame.text for frame in self.frames)


class Identity(NamedTuple):
    """Who connects: the Lex session, and the credentials to sign with."""

    session_id: str
    credentials: ReadOnlyCredentials


def guest(session: boto3.Session, stack: StackUnderTest, pool: str) -> Identity:
    """Return a new guest of a Cognito identity pool, as every visitor of Lex Web UI is."""
    make: Any = session.client
    with closing(
        make(
            "cognito-identity",
            endpoint_url=stack.endpoint,
            region_name=stack.region,
            config=Config(signature_version=UNSIGNED),
        )
    ) as cognito:
        identity = cognito.get_id(IdentityPoolId=pool)["IdentityId"]
        keys = cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"]
    return Identity(
        identity,
        ReadOnlyCredentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"]),
    )


class Browser:
    """A visitor's browser.

    Args:
        stack: the stack that it uses.
        identity: who the visitor is.
        clock: a monotonic clock, in seconds.
        open_socket: opens a WebSocket.
    """

    def __init__(
        self,
        stack: StackUnderTest,
        identity: Identity,
        clock: Callable[[], float] = time.monotonic,
        open_socket: Connect = connect,
    ) -> None:
        self._stack = stack
        self._identity = identity
        self._clock = clock
        self._open_socket = open_socket

    @property
    def session_id(self) -> str:
        return self._identity.session_id

    def with_identity(self, identity: Identity) -> Browser:
        """Return the browser of another visitor."""
        return Browser(self._stack, identity, self._clock, self._open_socket)

    def without_streaming(self) -> Browser:
        """Return a browser of the same visitor in a new Lex session, which never connects."""
        session_id = f"smoke-{uuid.uuid4().hex}"
        return self.with_identity(Identity(session_id, self._identity.credentials))

    def connect(self, session_id: str | None = None, *, signs: bool = True) -> Socket:
        """Connect.

        Args:
            session_id: the Lex session to connect for; by default the visitor's own.
            signs: whether the address is signed.

        Returns:
            A context manager, which closes the socket.
        """
        session_id = session_id or self.session_id
        if signs:
            url = presigning.signed(
                self._stack.websocket,
                session_id,
                self._identity.credentials,
                self._stack.region,
            )
        else:
            url = presigning.with_session(self._stack.websocket, session_id)
        socket: Socket = self._open_socket(url, open_timeout=30, close_timeout=10, max_size=None)
        return socket

    @cached_property
    def lex_client(self) -> Any:
        """A ``lexv2-runtime`` client without retries that outwaits Lex's own timeout."""
        credentials = self._identity.credentials
        make: Any = boto3.Session(
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            region_name=self._stack.region,
        ).client
        return make(
            "lexv2-runtime",
            endpoint_url=self._stack.endpoint,
            config=Config(read_timeout=40, retries={"total_max_attempts": 1, "mode": "standard"}),
        )

    def ask(
        self,
        socket: ClientConnection | None,
        lex: Any,
        bot_alias: BotAlias,
        text: str,
        attributes: Mapping[str, str] | None = None,
    ) -> ObservedTurn:
        """Ask a question, and collect the frames until the reply arrives and a little longer.

        Args:
            socket: where frames arrive; ``None`` for a client that shows none.
            lex: a ``lexv2-runtime`` client.
            bot_alias: the bot alias to ask.
            text: the question.
            attributes: session attributes, besides those that Lex Web UI sends.
        """
        all_attributes = dict(attributes or {})
        if socket is not None:
            # The table's name is empty where the endpoint is the builder's own.
            all_attributes |= {
                "streamingEndpoint": self._stack.connections,
                "streamingDynamoDbTable": "",
            }
        with ThreadPoolExecutor(1) as pool:
            asked_at = self._clock()
            reply = pool.submit(self._recognize, lex, bot_alias, text, all_attributes)
            frames = self._frames_until(reply, socket, asked_at) if socket else []
            response, replied_at = reply.result()
        if socket:
            frames += self._late_frames(socket, asked_at)
        return ObservedTurn(
            tuple(frames),
            tuple(each.get("content", "") for each in response.get("messages", [])),
            response.get("sessionState", {}).get("sessionAttributes", {}),
            replied_at - asked_at,
        )

    def _recognize(
        self, lex: Any, bot_alias: BotAlias, text: str, attributes: Mapping[str, str]
    ) -> tuple[Mapping[str, Any], float]:
        response = lex.recognize_text(
            botId=bot_alias.bot_id,
            botAliasId=bot_alias.alias_id,
            localeId=bot_alias.locale_id,
            sessionId=self.session_id,
            text=text,
            sessionState={"sessionAttributes": dict(attributes)},
        )
        return response, self._clock()

    def _frames_until(
        self, reply: Future[Any], socket: ClientConnection, asked_at: float
    ) -> list[TimedFrame]:
        frames: list[TimedFrame] = []
        while not reply.done():
            try:
                text = str(socket.recv(timeout=RECEIVE_SECONDS))
            except TimeoutError:
                continue
            frames.append(TimedFrame(self._clock() - asked_at, text))
        return frames

    def _late_frames(self, socket: ClientConnection, asked_at: float) -> list[TimedFrame]:
        frames: list[TimedFrame] = []
        while True:
            try:
                text = str(socket.recv(timeout=LATE_FRAME_SECONDS))
            except TimeoutError:
                return frames
            frames.append(TimedFrame(self._clock() - asked_at, text))
