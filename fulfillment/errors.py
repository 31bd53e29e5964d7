"""What can go wrong, as types; every message is written by us and safe to log.

LexStreamingError
├── SettingsError          an environment variable has a wrong value
├── InvalidLexEvent        the event is not one that Lex V2 sends
├── RegistrationError      a function cannot be a handler, or not for this
├── HandlerError           a handler yields what is not text, or asks for what Lex refuses
├── ToolError              a function cannot be a tool
├── AddressError           the client's address could not be found; another look may help
│   ├── SessionTableError  the session table could not be read
│   └── AddressContested   two owners claim it, so that neither may be trusted
├── ConversationTableError the conversation table could not be read or written
├── ModelError             the model did not (fully) answer
│   ├── ModelUnavailable   before its first chunk, and another try may help
│   ├── ModelRejected      before its first chunk, and another try will not help
│   └── ModelInterrupted   after its first chunk, or it never said that it was done
└── ChannelError           a frame may or may not have arrived
    ├── ConnectionGone     it did not: the connection is closed
    ├── ChannelBusy        it did not: too many posts, or the client reads too slowly
    └── FrameRejected      it did not, and will not: forbidden or too large
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType


class LexStreamingError(Exception):
    """The base of all errors raised by this package."""


class SettingsError(LexStreamingError):
    """An environment variable has a value that cannot be used; the message names it."""


class InvalidLexEvent(LexStreamingError):
    """The event lacks what every Lex V2 event has; the message names the key."""


class RegistrationError(LexStreamingError):
    """A function cannot be a handler, or the intent, dialog or exception already has one."""


class HandlerError(LexStreamingError):
    """A handler yielded something that is not text, or asked for something that Lex refuses."""


class ToolError(LexStreamingError):
    """A function cannot be a tool that a model calls; the message says which and why."""


class AddressError(LexStreamingError):
    """The client's address could not be found; another look may help."""


class SessionTableError(AddressError):
    """The session table could not be read."""


class AddressContested(AddressError):
    """Two owners claim a session; neither may be trusted, and no look will change that."""


class ConversationTableError(LexStreamingError):
    """The conversation table could not be read or written."""


class ModelError(LexStreamingError):
    """The model did not answer, or not to the end."""


class ModelUnavailable(ModelError):
    """Nothing was written yet and another try, or another model, may help."""


class ModelRejected(ModelError):
    """The request itself was refused; another try with the same request will not help."""


class ModelInterrupted(ModelError):
    """The model began but did not finish; the text written so far stays."""


class ChannelError(LexStreamingError):
    """A post failed in a way that leaves open whether the frame arrived."""


class ConnectionGone(ChannelError):
    """The connection is closed; the frame did not arrive."""


class ChannelBusy(ChannelError):
    """The channel asks for fewer posts; the frame did not arrive and may be sent again."""


class FrameRejected(ChannelError):
    """The channel will not take this frame; it did not arrive."""


def describe(error: BaseException) -> dict[str, str]:
    """Return what a log may say of an error: its type and where it was raised.

    The message is left out unless it is ours: exceptions of others quote prompts,
    replies, tokens and URLs.
    """
    fields = {"error": type(error).__name__}
    if isinstance(error, LexStreamingError):
        fields["reason"] = str(error)
    if error.__cause__ is not None:
        fields["cause"] = type(error.__cause__).__name__
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is not None:
        fields["raised_at"] = place(traceback.tb_frame.f_code, traceback.tb_lineno)
    return fields


def place(code: CodeType, line: int) -> str:
    """Return a place in a function, as it is logged."""
    return f"{code.co_filename}:{line} {code.co_name}"
