"""The demo model behind bots of all kinds, through Lex, the Lambda function and boto3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeAlias

import pytest

from tests.stack_fixture import client, running_stack, session
from websocket_stack.local.bedrock import agent_routes
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library, Passage

pytestmark = pytest.mark.slow

BOT = "tests.websocket_stack.local.demo_bots.bot"
KEEPERS = Passage(
    "docs/keepers.md",
    "Keepers",
    "A keeper trims the wick. Winds the clock. Writes the log. Makes tea.\n\nAnd sleeps.",
)
DEMO = DemoModel(Library([KEEPERS]), tokens_per_second=800, thinking_seconds=0.0)

Ask: TypeAlias = Callable[[str], str]


@pytest.fixture(scope="module")
def lex() -> Iterator[Any]:
    """A ``lexv2-runtime`` client of a stack with these bots."""
    routes = [*bedrock_routes.routes(DEMO), *agent_routes.routes(DEMO)]
    with running_stack(fulfillment=BOT, model_routes=routes) as origin:
        with closing(client("lexv2-runtime", origin)) as boto3_client:
            yield boto3_client


@pytest.fixture
def chat(lex: Any) -> Callable[[str], Ask]:
    """A function that begins a conversation with a bot, and gives what says its replies."""

    def begin(kind: str) -> Ask:
        attributes = {"kind": kind}

        def ask(text: str) -> str:
            nonlocal attributes
            state = {"sessionAttributes": attributes}
            response = lex.recognize_text(**session("chat-1"), text=text, sessionState=state)
            assert response["sessionState"]["intent"]["state"] == "Fulfilled"
            attributes = response["sessionState"]["sessionAttributes"]
            return "\n\n".join(message["content"] for message in response["messages"])

        return ask

    return begin


def test_a_tool_is_called_and_its_result_told(chat: Callable[[str], Ask]) -> None:
    ask = chat("tools")

    assert ask("Where is my order A-17?") == (
        "Let me look that up.\n\n"
        "The tool `find_order` says:\n\n- **order**: A-17\n- **state**: sent"
    )
    assert ask("And order A-0?").endswith(
        "The tool `find_order` could not do that. It says: There is no order A-0."
    )


def test_what_a_tool_needs_is_asked_for(chat: Callable[[str], Ask]) -> None:
    ask = chat("tools")

    assert ask("Where is my order?") == (
        "For that I need to know one thing more (order id: the number on the receipt). What is it?"
    )
    assert "- **order**: A-17" in ask("A-17")


def test_a_reply_that_was_cut_is_gone_on_with(chat: Callable[[str], Ask]) -> None:
    ask = chat("brief")

    first = ask("What does a keeper do?").partition("\n\n")[0]
    parts = [first]
    while "go on" in (reply := ask("go on")):
        parts.append(reply.rpartition("\n\n")[0])
    parts.append(reply)
    whole = f"{KEEPERS.text}\n\n*From docs/keepers.md, “Keepers”.*"
    assert len(parts) > 3
    assert "".join("".join(parts).split()) == "".join(whole.split())


def test_a_knowledge_base_answers_with_its_sources(chat: Callable[[str], Ask]) -> None:
    ask = chat("documents")

    reply = ask("What does a keeper do?")
    assert reply.startswith(f"{KEEPERS.text} [1]\n\n**Sources**\n\n1. [keepers.md](http://")
    assert ask("When does a keeper make tea?").startswith(KEEPERS.text)


def test_an_agent_answers_and_remembers(chat: Callable[[str], Ask]) -> None:
    ask = chat("agent")

    reply = ask("What does a keeper do?")
    assert reply.startswith(KEEPERS.text)
    assert "**Sources**" in reply
    assert ask("go on") == "That was all I have to say about it."
