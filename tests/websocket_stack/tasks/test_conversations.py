from __future__ import annotations

from fulfillment.memory.conversation import ID
from websocket_stack.tasks.conversations import ANONYMOUS, conversation_id


def test_nobody_elses_name_leads_to_a_conversation() -> None:
    ids = {conversation_id(owner, "trip") for owner in ("me", "you", "me\0trip")}
    assert len(ids | {conversation_id("me", "other")}) == 4
    assert all(map(ID.fullmatch, ids))


def test_without_an_owner_the_name_is_the_key() -> None:
    name = "x" * 32
    ids = {conversation_id(f"{ANONYMOUS}{connection}", name) for connection in ("c1", "c2")}
    assert len(ids) == 1
