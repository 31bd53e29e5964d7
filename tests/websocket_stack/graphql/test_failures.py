"""What subscribers hear of a reply whose function failed, where nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.websocket_stack.tasks.tasks_api import Hub, task_table
from websocket_stack.graphql.chat_owners import ChatOwners
from websocket_stack.graphql.failures import tell
from websocket_stack.graphql.settings import ChatSettings
from websocket_stack.graphql.wiring import Parts
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.protocol import Address
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run, State, digest_of, key_of

pytestmark = pytest.mark.slow

ME, YOU = {"sub": "me", "issuer": "pool"}, {"sub": "you", "issuer": "pool"}


@pytest.fixture(scope="module")
def table() -> Iterator[tuple[Any, str]]:
    with task_table() as made:
        yield made


@pytest.fixture
def parts(table: tuple[Any, str]) -> Any:
    runs = RunTable(*table)
    owners = Owners(*table, runs, most_at_once=10, most_a_minute=60)
    settings = ChatSettings("chats", "https://api.example/graphql")
    return Parts(settings, runs, owners, ChatOwners(*table), Hub())


@pytest.fixture
def chat_id() -> Any:
    return uuid4().hex


def begun(parts: Any, chat_id: Any, identity: Any = None) -> Any:
    """Return the id of a reply that is being written, and its run."""
    owner, message_id = parts.chat_owners.owner(chat_id, identity), uuid4().hex
    run = Run(
        key=key_of(owner, Address("chat", chat_id)),
        owner=owner,
        address=Address("chat", [chat_id, message_id]),
        digest=digest_of(message_id),
        connection_id=chat_id,
    )
    assert parts.runs.claim(run) is None
    assert parts.runs.begin(run.key, message_id, 300)
    return message_id, run


def record(
    chat_id: Any, message_id: Any, condition: Any = "RetriesExhausted", identity: Any = None
) -> Any:
    """Return what Lambda keeps of a failed event."""
    return {
        "requestContext": {"requestId": message_id, "condition": condition},
        "requestPayload": {
            "arguments": {"chatId": chat_id, "prompt": "A secret."},
            "identity": identity,
        },
        "responsePayload": {"errorMessage": "out of memory"},
    }


def told(parts: Any, chat_id: Any) -> Any:
    return [(frame["messageId"], frame["kind"]) for frame in parts.channel.frames[chat_id]]


def test_a_reply_whose_function_died_ends(parts: Any, chat_id: Any) -> None:
    message_id, run = begun(parts, chat_id)
    parts.runs.keep(run.key, "It is ")
    tell(record(chat_id, message_id), parts)
    assert told(parts, chat_id) == [(message_id, "delta"), (message_id, "error")]
    over = parts.runs.find(run.key)
    # Those who look for it still see how far it came.
    assert (over.state, over.text, over.ending["outcome"]) == (State.DONE, "It is ", "failed")


def test_a_reply_that_never_began_is_told_too(parts: Any, chat_id: Any) -> None:
    tell(record(chat_id, "m1", "EventAgeExceeded"), parts)
    notice, end = parts.channel.frames[chat_id]
    assert notice["data"] == "Your request waited too long. Please try again."
    assert (end["messageId"], end["kind"]) == ("m1", "error")


def test_another_reply_of_the_chat_goes_on(parts: Any, chat_id: Any) -> None:
    _, run = begun(parts, chat_id)
    tell(record(chat_id, "another"), parts)
    assert parts.runs.find(run.key).state is State.STREAMING
    assert {message_id for message_id, _ in told(parts, chat_id)} == {"another"}


def test_a_reply_that_is_over_is_left_alone(parts: Any, chat_id: Any) -> None:
    message_id, run = begun(parts, chat_id)
    parts.runs.end(run, "It is here.", {"outcome": "completed"})
    tell(record(chat_id, message_id), parts)
    assert parts.runs.find(run.key).text == "It is here."
    assert chat_id not in parts.channel.frames


def test_subscribers_hear_nothing_of_a_strangers_prompt(parts: Any, chat_id: Any) -> None:
    begun(parts, chat_id, ME)
    tell(record(chat_id, "m2", identity=YOU), parts)
    assert chat_id not in parts.channel.frames
