"""Bots of the kinds that a builder writes, in one; a session attribute says which."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3

from fulfillment import Bot
from fulfillment.models.bedrock.agents import AgentModel
from fulfillment.models.bedrock.knowledge_bases import KnowledgeBaseModel
from fulfillment.tools import ToolFailed
from websocket_stack.graphql import Chat

ARN = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"

bot = Bot()
echo = Bot()
chat = Chat()

# As in Lambda, the client is made at import, and finds its service by the environment.
_runtime = None
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _runtime = boto3.client("bedrock-agent-runtime")
_documents = KnowledgeBaseModel(_runtime, "KB12345678", ARN)
_agent = AgentModel(_runtime, "AGENT12345", "ALIAS12345")


def find_order(order_id: str) -> dict[str, object]:
    """Find an order.

    Args:
        order_id: the number on the receipt
    """
    if order_id == "A-0":
        raise ToolFailed("There is no order A-0.")
    return {"order": order_id, "state": "sent"}


@bot.fallback
def answer(turn: Any) -> Iterator[Any]:
    kind = turn.session_attributes["kind"]
    if kind == "documents":
        yield from turn.ask(model=_documents)
    elif kind == "agent":
        yield from turn.ask(model=_agent)
    else:
        yield from turn.ask(tools=[find_order], max_tokens=8 if kind == "brief" else None)


@chat.answer
def say(message: Any) -> Any:
    return f"The chat says: {message.prompt}"


@echo.fallback
def repeat(turn: Any) -> Any:
    return f"The bot says: {turn.utterance}"
