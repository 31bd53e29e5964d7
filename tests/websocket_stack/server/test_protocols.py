from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_stack.server.protocol import Ask, Resume, SignIn, Stop, Unreadable
from websocket_stack.server.protocols import protocol_of


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("hi", "PlainProtocol"),
        ("|", "PlainProtocol"),
        ("{}", "PlainProtocol"),
        ("[1, 2]", "PlainProtocol"),
        ('{"id": "x", "text": "hi"}', "PlainProtocol"),
        ('{"id": 0, "text": "hi"}', "NumberedProtocol"),
        ('{"id": "0", "text": "hi"}', "NumberedProtocol"),
        ('{"type": "send", "requestId": "r", "id": "c"}', "AiSdkProtocol"),
        ('{"type": "abort", "requestId": "r"}', "AiSdkProtocol"),
        ('{"threadId": "t", "runId": "r", "messages": []}', "AgUiProtocol"),
        ('{"type": "abort", "runId": "r"}', "AgUiProtocol"),
        ('{"type": "auth", "token": "t"}', "NoneType"),
    ],
)
def test_the_first_message_tells(message: str, name: str) -> None:
    assert type(protocol_of(message, "chat", lambda: "run")).__name__ == name


NAMES = ["type", "requestId", "id", "text", "token", "messages", "threadId", "runId", "headers"]
KINDS = ["send", "resume", "abort", "auth", "user", "", "0"]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(KINDS)
)
VALUES = st.recursive(
    LEAVES,
    lambda values: st.lists(values) | st.dictionaries(st.sampled_from([*NAMES, "role"]), values),
    max_leaves=8,
)
MESSAGES = st.text() | st.dictionaries(st.sampled_from(NAMES), VALUES).map(json.dumps)


@given(MESSAGES, MESSAGES)
def test_any_message_is_a_command_or_means_nothing(first: Any, second: Any) -> None:
    protocol = protocol_of(first, "chat", lambda: "run")
    for message in (first, second):
        command = protocol.read(message) if protocol else Unreadable()
        assert isinstance(command, Ask | Resume | Stop | SignIn | Unreadable)


@pytest.mark.parametrize("nested", ["[" * 60_000, '{"id":' * 10_000, "[" * 60 + "]" * 60])
def test_what_is_nested_too_deeply_is_only_text(nested: Any) -> None:
    protocol = protocol_of(nested, "chat", lambda: "run")
    assert protocol
    ask = protocol.read(nested)
    assert isinstance(ask, Ask) and ask.utterance == nested
