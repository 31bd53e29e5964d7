from __future__ import annotations

import asyncio
from typing import Any

from fulfillment.memory import Exchange
from tests.fakes import FakeClock, FakeMemory
from websocket_stack.server.conversations import Conversations, LocalMemory

HI = Exchange("hi", "Hello.")


class BrokenMemory:
    def load(self, conversation_id: Any) -> None:
        raise RuntimeError("down")

    save = load


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_turns_are_remembered() -> None:
    # The latter is of the library's kind, which blocks.
    for memory in (LocalMemory(60), FakeMemory()):
        conversations = Conversations(memory, turns=2, tokens=1_000)
        for _ in range(3):
            run(conversations.add("a", HI))
        assert run(conversations.load("a")) == [HI, HI]
        assert not run(conversations.load("b"))


def test_a_turn_without_text_is_not() -> None:
    conversations = Conversations(LocalMemory(60), turns=2, tokens=1_000)
    run(conversations.add("a", Exchange("hi", " ")))
    assert not run(conversations.load("a"))


def test_a_memory_that_fails_costs_nothing() -> None:
    broken: Any = BrokenMemory()
    conversations = Conversations(broken, turns=2, tokens=1_000)
    assert run(conversations.load("a")) is None
    run(conversations.add("a", HI))


def test_the_oldest_conversations_are_forgotten() -> None:
    clock = FakeClock()
    memory = LocalMemory(60, most=2, clock=clock)
    for name in "abc":
        memory.save(name, [HI])
    assert [bool(memory.load(name)) for name in "abc"] == [False, True, True]
    clock.advance(60)
    assert not memory.load("c")
    memory.save("d", [HI])
    assert list(memory._conversations) == ["d"]
