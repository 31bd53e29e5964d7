"""What the model is told of what was said before: by the client, or from memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.clients import Resources
from fulfillment.memory.conversation import ATTRIBUTE, Conversation, id_of
from fulfillment.streaming.threads import start
from websocket_stack.tasks.task import exchanges_of

# Without sign-in, the name of a conversation is all that protects it.
LEAST_NAME_CHARACTERS = 32
ANONYMOUS = "connection/"


def conversation_of(owner: str, data: Mapping[str, Any], resources: Resources) -> Conversation:
    """Return what was said before a task, and start loading it where it is remembered.

    Args:
        owner: who asks.
        data: what was asked.
        resources: the settings, and the memory if there is one.
    """
    settings = resources.settings
    turns, tokens = settings.memory_turns, settings.memory_tokens
    if history := data.get("history"):
        return Conversation.from_client(exchanges_of(history), turns=turns, tokens=tokens)
    name = data.get("conversation")
    if not name or resources.memory is None:
        return Conversation(None, {})
    attributes = {ATTRIBUTE: conversation_id(owner, name)}
    conversation = Conversation(resources.memory, attributes, turns=turns, tokens=tokens)
    start("conversation", conversation.load)
    return conversation


def conversation_id(owner: str, name: str) -> str:
    """Return the id of an owner's conversation, which no other owner's name leads to."""
    if owner.startswith(ANONYMOUS):
        owner = ""
    return id_of(owner, name)
