"""Why a prompt is not answered. Their names are the types of errors that clients read."""

from __future__ import annotations


class Refusal(Exception):
    """A prompt is not answered; the message is for the client to read."""


class InvalidPrompt(Refusal):
    """What was asked cannot be answered."""


class ChatBusy(Refusal):
    """A reply is being written in this chat, or too many are for this owner."""


class Unauthorized(Refusal):
    """The chat is somebody else's."""
