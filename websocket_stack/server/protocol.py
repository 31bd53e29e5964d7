"""The protocol port: what a client's messages ask for, and what it is sent for a run. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

from fulfillment.memory.base import Exchange
from fulfillment.streaming.framing import Ending
from fulfillment.text import repair_surrogates, repair_surrogates_in

# A client is told this and closes, or is closed:
# https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
NORMAL = 1000
UNSUPPORTED = 1003
POLICY = 1008
RESTART = 1012
UNAUTHORIZED = 4401

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Close(NamedTuple):
    """Close the socket, after what was sent before."""

    code: int
    reason: str = ""


Output: TypeAlias = str | Close
"""A frame, or the end of the socket."""


class View(Protocol):
    """How one client reads one run, whose log it is given piece by piece."""

    @property
    def position(self) -> int:
        """The first piece that the client wants."""
        ...

    def opening(self) -> Sequence[Output]:
        """Return what comes before the first piece."""
        ...

    def text(self, pieces: Sequence[str], position: int) -> Sequence[Output] | None:
        """Return the frames of pieces.

        Args:
            pieces: consecutive ones, at least one.
            position: the first one's.

        Returns:
            Their frames, or ``None`` to be asked again with more of them, or with the ending.
        """
        ...

    def ending(self, ending: Ending, rest: Sequence[str], position: int) -> Sequence[Output]:
        """Return what comes after the last piece.

        Args:
            ending: how the run ended.
            rest: the pieces that :meth:`text` has put off.
            position: that of the first piece that does not exist.
        """
        ...

    def unknown(self) -> Sequence[Output]:
        """Return what the client is told where there is no such run."""
        ...


class Ask(NamedTuple):
    """Answer a question.

    Attributes:
        run: the run's name; one that exists already is read, and nothing is asked again.
        chat: the conversation that it belongs to.
        utterance: the question.
        view: how the client reads the reply.
        earlier: the turns before it, where the client sent them.
        is_serial: whether the client reads its runs one after the other.
        can_resume: whether a client can ever come back to it.
        token: signs the client in, where it sent one.
    """

    run: str
    chat: str
    utterance: str
    view: View
    earlier: Sequence[Exchange] | None = None
    is_serial: bool = False
    can_resume: bool = True
    token: str = ""


class Resume(NamedTuple):
    """Read a run that goes on, or has ended not long ago.

    Attributes:
        view: how the client reads it.
        request: what the client calls this reading of it.
        run: the run's name; without it, the latest run of the chat.
        chat: the conversation.
        token: signs the client in, where it sent one.
    """

    view: View
    request: str
    run: str = ""
    chat: str = ""
    token: str = ""


class Stop(NamedTuple):
    """Stop a run.

    Attributes:
        run: its name, or what the client calls its reading of it.
        leaves: whether the client takes what it would still be sent for a part of something else.
    """

    run: str
    leaves: bool = False


class SignIn(NamedTuple):
    """Sign in, or stay signed in."""

    token: str


class Unreadable(NamedTuple):
    """A message that means nothing; what the client gets for it."""

    outputs: Sequence[Output] = ()


Command: TypeAlias = Ask | Resume | Stop | SignIn | Unreadable


class ClientProtocol(Protocol):
    """What one client speaks on one socket."""

    @property
    def heartbeat(self) -> str:
        """A frame that the client ignores; empty where it would ignore none."""
        ...

    def read(self, message: str) -> Command:
        """Return what a message asks for."""
        ...


def compact(value: object) -> str:
    """Return a JSON text without blanks, which no half of a character can spoil."""
    return repair_surrogates(_ENCODER.encode(value))


def json_object(message: str) -> dict[str, object] | None:
    """Return the JSON object that a message is, or ``None``."""
    try:
        value = repair_surrogates_in(json.loads(message))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def sign_in_of(value: dict[str, object]) -> SignIn | None:
    """Return the sign-in that a message is: ``{"type": "auth", "token": "…"}``."""
    token = value.get("token")
    if value.get("type") == "auth" and isinstance(token, str):
        return SignIn(token)
    return None
