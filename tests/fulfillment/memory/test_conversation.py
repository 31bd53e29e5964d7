from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from fulfillment.memory import Exchange
from fulfillment.memory.conversation import ATTRIBUTE, LOAD_SECONDS, Conversation, id_of
from tests.fakes import FakeClock, FakeMemory

ID = "a" * 32
FIRST, SECOND = Exchange("Hi", "Hello."), Exchange("More?", "Yes.")
KNOWN = {ATTRIBUTE: ID}


def loaded(
    memory: FakeMemory | None, attributes: Mapping[str, str] = KNOWN, **limits: Any
) -> Conversation:
    made = Conversation(memory, attributes, **limits)
    made.load()
    return made


def overdue(memory: FakeMemory) -> Conversation:
    """Return a conversation whose earlier turns have not come in time."""
    clock = FakeClock()
    made = Conversation(memory, KNOWN, clock=clock)
    clock.advance(LOAD_SECONDS)
    return made


def test_a_known_conversation_brings_its_earlier_turns() -> None:
    made = loaded(FakeMemory({ID: [FIRST, SECOND]}))
    assert made.id == ID
    assert made.earlier() == [FIRST, SECOND]
    assert made.error is None


@pytest.mark.parametrize(
    "known",
    ["", "session-1", "a" * 31, "a" * 33, "a" * 31 + "ä", "a" * 31 + " ", f"{'a' * 32}\n"],
)
def test_an_id_of_another_form_is_replaced(known: str) -> None:
    memory = FakeMemory({known: [FIRST]})
    made = loaded(memory, {ATTRIBUTE: known})
    assert re.fullmatch(r"[0-9A-Za-z_-]{32}", made.id)
    assert made.attributes == {ATTRIBUTE: made.id}
    assert made.earlier() == ()


def test_new_ids_differ() -> None:
    assert len({Conversation(FakeMemory(), {}).id for _ in range(100)}) == 100


def test_a_new_conversation_looks_nothing_up() -> None:
    def fail() -> None:
        raise AssertionError("loaded")

    made = loaded(FakeMemory(on_load=fail), {})
    assert made.earlier() == ()
    assert made.error is None


def test_an_unknown_conversation_keeps_its_id() -> None:
    made = loaded(FakeMemory())
    assert (made.id, list(made.earlier())) == (ID, [])


def test_a_saved_turn_is_there_in_the_next() -> None:
    memory = FakeMemory()
    first = Conversation(memory, {})
    first.save(FIRST)
    second = loaded(memory, first.attributes)
    assert second.earlier() == [FIRST]
    second.save(SECOND)
    assert memory.kept == {first.id: [FIRST, SECOND]}


def test_no_more_is_kept_than_may_be() -> None:
    memory = FakeMemory({ID: [FIRST, FIRST, SECOND]})
    made = loaded(memory, turns=2)
    assert made.earlier() == [FIRST, SECOND]
    made.save(FIRST)
    assert memory.kept[ID] == [SECOND, FIRST]


@pytest.mark.parametrize(
    "exchange", [Exchange("", "Hello."), Exchange("Hi", ""), Exchange("Hi", " \n")]
)
def test_what_was_not_said_is_not_saved(exchange: Exchange) -> None:
    memory = FakeMemory()
    loaded(memory).save(exchange)
    assert memory.saves == 0


def test_without_a_memory_nothing_is_remembered() -> None:
    made = loaded(None)
    made.save(FIRST)
    assert not made.is_remembered
    assert made.attributes == {}
    assert made.earlier() == ()


# --- a memory that fails


@pytest.mark.parametrize("error", [ValueError("x"), KeyError(), SystemExit(1), MemoryError()])
def test_what_cannot_be_loaded_is_left_as_it_is(error: BaseException) -> None:
    def fail() -> None:
        raise error

    memory = FakeMemory({ID: [FIRST]}, on_load=fail)
    made = loaded(memory)
    assert made.earlier() == ()
    assert made.error is error
    assert not made.is_remembered
    made.save(SECOND)
    assert memory.kept == {ID: [FIRST]}
    # It may be there again in the next turn.
    assert made.attributes == KNOWN


HALF: Any = ("Hi", None)


@pytest.mark.parametrize("kept", [None, 5, [None], ["text"], [("Hi",)], [Exchange(*HALF)]])
def test_what_is_no_exchange_is_left_as_it_is(kept: Any) -> None:
    memory = FakeMemory({ID: kept})
    made = loaded(memory)
    assert made.earlier() == ()
    assert isinstance(made.error, Exception)
    made.save(SECOND)
    assert memory.saves == 0


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1)])
def test_a_save_that_fails_is_known(error: BaseException) -> None:
    def fail() -> None:
        raise error

    made = loaded(FakeMemory(on_save=fail))
    made.save(FIRST)
    assert made.error is error


# --- a memory that is slow


def test_a_turn_waits_for_what_is_being_loaded() -> None:
    loading, asked = threading.Event(), threading.Event()

    def on_load() -> None:
        loading.set()
        asked.wait(5)

    made = Conversation(FakeMemory({ID: [FIRST]}, on_load=on_load), KNOWN)
    thread = threading.Thread(target=made.load)
    thread.start()
    assert loading.wait(5)
    asked.set()
    assert made.earlier() == [FIRST]
    assert made.error is None
    thread.join()


def test_what_takes_too_long_is_done_without() -> None:
    made = overdue(FakeMemory({ID: [FIRST]}))
    assert made.earlier() == ()
    assert isinstance(made.error, TimeoutError)


def test_what_was_loaded_late_is_not_overwritten() -> None:
    memory = FakeMemory({ID: [FIRST]})
    made = overdue(memory)
    made.save(SECOND)
    assert memory.kept == {ID: [FIRST]}
    made.load()
    made.save(SECOND)
    assert memory.kept == {ID: [FIRST, SECOND]}


def test_a_quick_turn_is_saved_once_all_is_loaded() -> None:
    release = threading.Event()
    memory = FakeMemory({ID: [FIRST]}, on_load=lambda: release.wait(5))
    made = Conversation(memory, KNOWN)
    threads = [
        threading.Thread(target=made.save, args=(SECOND,)),
        threading.Thread(target=made.load),
    ]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert memory.kept == {ID: [FIRST, SECOND]}


def test_of_two_turns_at_once_the_later_counts() -> None:
    memory = FakeMemory({ID: [FIRST]})
    one, other = loaded(memory), loaded(memory)
    one.save(Exchange("One", "1"))
    other.save(Exchange("Other", "2"))
    assert memory.kept[ID] == [FIRST, Exchange("Other", "2")]


def test_an_id_that_was_shared_is_kept() -> None:
    conversation = Conversation(None, {})
    assert conversation.attributes == {}
    assert conversation.share_id() == conversation.id
    assert conversation.attributes == {ATTRIBUTE: conversation.id}


def test_a_clients_name_leads_to_its_owners_conversation_alone() -> None:
    ids = {id_of(owner, name) for owner in ("a", "b", "a\0c") for name in ("c", "d", "\ud83d")}
    assert len(ids) == 9
    assert {len(each) for each in ids} == {32}
