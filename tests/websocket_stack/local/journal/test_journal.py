"""The journal of invocations."""

from __future__ import annotations

import anyio
import pytest

from websocket_stack.local.journal.journal import MAX_INVOCATIONS, Failure, Journal, as_json


def test_the_last_invocations_are_kept() -> None:
    journal = Journal()
    for number in range(MAX_INVOCATIONS + 5):
        journal.end(journal.begin("bot", {"number": number}))

    assert journal.last == MAX_INVOCATIONS + 5
    assert [each.event["number"] for each in journal.since(0)] == list(range(5, journal.last))
    assert [each.number for each in journal.since(journal.last - 1)] == [journal.last]


def test_an_invocation_lasts_until_its_end() -> None:
    readings = iter([100.0, 102.5])
    journal = Journal(lambda: next(readings))
    invocation = journal.begin("bot", {})
    assert invocation.seconds is None
    journal.end(invocation)
    (ended,) = journal.since(0)
    assert (ended.at, ended.seconds) == (100.0, 2.5)


def test_a_task_belongs_to_its_invocation() -> None:
    """A request is part of the newest invocation."""
    journal = Journal()
    own = []

    async def call(name: str) -> None:
        invocation = journal.begin(name, {})
        await anyio.sleep(0)
        own.append(journal.current() is invocation)

    async def call_both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, "first")
            tasks.start_soon(call, "second")

    anyio.run(call_both)
    assert own == [True, True]
    newest = journal.current()
    assert newest is not None and newest.function == "second"
    for invocation in journal.since(0):
        journal.end(invocation)
    assert journal.current() is None


def test_a_failure_tells_sentence_and_place() -> None:
    with pytest.raises(ValueError) as raised:
        int("x")
    failure = Failure.of("handler", raised.value)

    assert failure.sentence.startswith("ValueError: invalid literal")
    assert __file__ in failure.traceback
    invocation = Journal().begin("bot", {"a": 1})
    invocation.failures.append(failure)
    assert as_json(invocation)["failures"][0]["what"] == "handler"
