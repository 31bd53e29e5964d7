"""A browser as Lex Web UI is one: its credentials, its socket, its questions to Lex."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from websockets.sync.client import ClientConnection, connect

from websocket_stack.smoke import presigning as presign
from websocket_stack.smoke.stack import Bot, Target

LOOK_SECONDS = 0.05
# A frame that was posted before the reply may still be on its way to us.
LATE_FRAME_SECONDS = 0.5

Socket: TypeAlias = AbstractContextManager[ClientConnection]
Connect: TypeAlias = Callable[..., Any]
"""How a socket is opened; websockets says of its own that it is one of two things."""


class Frame(NamedTuple):
    """A frame and when it arrived, in seconds since the question."""

    at: float
    text: str


@dataclass(frozen=True)
class Turn:
    """One question: its frames, its messages, and when they came."""

    frames: tuple[Frame, ...]
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
    """Who connects: the session id that goes with it, and what signs."""

    session_id: str
    credentials: ReadOnlyCredentials


def guest(session: boto3.Session, target: Target, pool: str) -> Identity:
    """Return a new guest of a Cognito identity pool, as each visitor of Lex Web UI is one."""
    make: Any = session.client
    with closing(
        make(
            "cognito-identity",
            endpoint_url=target.endpoint,
            region_name=target.region,
            config=Config(signature_version=UNSIGNED),
        )
    ) as cognito:
        identity = cognito.get_id(IdentityPoolId=pool)["IdentityId"]
        given = cognito.get_credentials_for_identity(IdentityId=identity)["Credentials"]
    return Identity(
        identity,
        ReadOnlyCredentials(given["AccessKeyId"], given["SecretKey"], given["SessionToken"]),
    )


class Browser:
    """Takes the stack, who it is, a monotonic clock in seconds, and how sockets are opened."""

    def __init__(
        self,
        target: Target,
        identity: Identity,
        clock: Callable[[], float] = time.monotonic,
        open_socket: Connect = connect,
    ) -> None:
        self._target = target
        self._identity = identity
        self._clock = clock
        self._open_socket = open_socket

    @property
    def session_id(self) -> str:
        return self._identity.session_id

    def of(self, identity: Identity) -> Browser:
        """Return the same browser of somebody else."""
        return Browser(self._target, identity, self._clock, self._open_socket)

    def connect(self, session_id: str | None = None, *, signs: bool = True) -> Socket:
        """Return what opens a socket for the own session, or another, and closes it."""
        session_id = session_id or self.session_id
        if signs:
            url = presign.signed(
                self._target.websocket,
                session_id,
                self._identity.credentials,
                self._target.region,
            )
        else:
            url = presign.with_session(self._target.websocket, session_id)
        opened: Socket = self._open_socket(url, open_timeout=30, close_timeout=10, max_size=None)
        return opened

    def lex(self) -> Any:
        """Return a ``lexv2-runtime`` client that asks once, and longer than Lex takes to answer."""
        credentials = self._identity.credentials
        make: Any = boto3.Session(
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            region_name=self._target.region,
        ).client
        return make(
            "lexv2-runtime",
            endpoint_url=self._target.endpoint,
            config=Config(read_timeout=40, retries={"total_max_attempts": 1, "mode": "standard"}),
        )

    def ask(
        self,
        socket: ClientConnection,
        lex: Any,
        bot: Bot,
        text: str,
        further: Mapping[str, str] | None = None,
    ) -> Turn:
        """Ask a question and gather frames until the reply is there.

        Takes session attributes beside those that Lex Web UI sends with each question.
        """
        # The table's name is empty where the endpoint is the builder's own.
        attributes = {
            "streamingEndpoint": self._target.connections,
            "streamingDynamoDbTable": "",
            **(further or {}),
        }
        with ThreadPoolExecutor(1) as pool:
            asked_at = self._clock()
            answer = pool.submit(self._recognize, lex, bot, text, attributes)
            frames = self._frames_until(answer, socket, asked_at)
            response, replied_at = answer.result()
        frames += self._late_frames(socket, asked_at)
        return Turn(
            tuple(frames),
            tuple(each.get("content", "") for each in response.get("messages", [])),
            response.get("sessionState", {}).get("sessionAttributes", {}),
            replied_at - asked_at,
        )

    def _recognize(
        self, lex: Any, bot: Bot, text: str, attributes: Mapping[str, str]
    ) -> tuple[Mapping[str, Any], float]:
        response = lex.recognize_text(
            botId=bot.bot_id,
            botAliasId=bot.alias_id,
            localeId=bot.locale_id,
            sessionId=self.session_id,
            text=text,
            sessionState={"sessionAttributes": dict(attributes)},
        )
        return response, self._clock()

    def _frames_until(
        self, answer: Future[Any], socket: ClientConnection, asked_at: float
    ) -> list[Frame]:
        frames: list[Frame] = []
        while not answer.done():
            try:
                text = str(socket.recv(timeout=LOOK_SECONDS))
            except TimeoutError:
                continue
            frames.append(Frame(self._clock() - asked_at, text))
        return frames

    def _late_frames(self, socket: ClientConnection, asked_at: float) -> list[Frame]:
        frames: list[Frame] = []
        while True:
            try:
                text = str(socket.recv(timeout=LATE_FRAME_SECONDS))
            except TimeoutError:
                return frames
            frames.append(Frame(self._clock() - asked_at, text))
