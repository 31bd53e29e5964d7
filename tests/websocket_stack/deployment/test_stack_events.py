"""Following a stack while it changes."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes import FakeClock
from tests.websocket_stack.deployment.cloudformation_fakes import (
    NESTED_ID,
    STACK_ID,
    FakeEvents,
    event,
    of_nested,
    of_stack,
    refusal,
)
from websocket_stack.deployment.stack_events import ChangeOutcome, StackEvents


def follow(client: FakeEvents, clock: FakeClock | None = None) -> tuple[ChangeOutcome, list[str]]:
    clock = clock or FakeClock()

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        client.sleep(seconds)

    lines: list[str] = []
    return StackEvents(client, STACK_ID, clock, sleep).follow(lines.append), lines


def before() -> dict[str, list[dict[str, object]]]:
    """What had happened to the stack until now."""
    return {
        STACK_ID: [of_stack(1, "CREATE_IN_PROGRESS"), of_stack(2, "CREATE_COMPLETE")],
        NESTED_ID: [of_nested(1, "CREATE_COMPLETE"), event(1, "Old", "CREATE_COMPLETE")],
    }


def test_new_events_are_reported_once_in_order() -> None:
    client = FakeEvents(
        before(),
        {STACK_ID: [of_stack(11, "UPDATE_IN_PROGRESS"), event(12, "A", "UPDATE_IN_PROGRESS")]},
        {},
        {
            STACK_ID: [
                event(13, "A", "UPDATE_COMPLETE"),
                of_stack(14, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
                of_stack(15, "UPDATE_COMPLETE"),
            ]
        },
    )
    outcome, lines = follow(client)

    assert outcome == ChangeOutcome("UPDATE_COMPLETE", None)
    assert outcome.succeeded
    assert [line.split()[2:4] for line in lines] == [
        ["UPDATE_IN_PROGRESS", "lex"],
        ["UPDATE_IN_PROGRESS", "A"],
        ["UPDATE_COMPLETE", "A"],
        ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "lex"],
        ["UPDATE_COMPLETE", "lex"],
    ]


def test_each_line_says_how_long_it_has_taken() -> None:
    client = FakeEvents(
        {},
        {STACK_ID: [of_stack(1, "CREATE_IN_PROGRESS")]},
        {STACK_ID: [of_stack(2, "CREATE_COMPLETE")]},
    )
    _, lines = follow(client, FakeClock(1000.0))

    assert [line.split()[:2] for line in lines] == [["3", "s"], ["6", "s"]]


def test_nested_stacks_are_followed_from_now_on() -> None:
    client = FakeEvents(
        before(),
        {
            STACK_ID: [of_stack(11, "UPDATE_IN_PROGRESS"), of_nested(12, "UPDATE_IN_PROGRESS")],
            NESTED_ID: [of_nested(12, "UPDATE_IN_PROGRESS"), event(13, "Api", "UPDATE_COMPLETE")],
        },
        {STACK_ID: [of_nested(14, "UPDATE_COMPLETE"), of_stack(15, "UPDATE_COMPLETE")]},
    )
    _, lines = follow(client)

    assert [line.split()[3] for line in lines] == [
        "lex",
        "Support",
        "Support/Api",
        "Support",
        "lex",
    ]


def test_the_first_failure_is_the_one_that_is_told() -> None:
    client = FakeEvents(
        {},
        {
            STACK_ID: [
                of_stack(1, "CREATE_IN_PROGRESS"),
                event(2, "B", "CREATE_FAILED", reason="Resource creation cancelled"),
                event(3, "A", "CREATE_FAILED", reason="the name is\ntaken"),
                event(4, "C", "CREATE_FAILED", reason="later"),
                of_stack(5, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed: [A, B]"),
                of_stack(6, "ROLLBACK_COMPLETE"),
            ]
        },
    )
    outcome, lines = follow(client)

    assert not outcome.succeeded
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reason == "A: the name is taken"
    assert lines[2].endswith("A  AWS::SQS::Queue: the name is taken")


def test_a_failure_without_a_reason_says_so() -> None:
    client = FakeEvents({}, {STACK_ID: [of_stack(1, "ROLLBACK_COMPLETE")]})

    assert follow(client)[0].reason == "no resource says why"


def test_a_stack_that_cannot_be_looked_at_stops_it() -> None:
    client = FakeEvents()

    with pytest.raises(ClientError):
        StackEvents(client, "another", FakeClock(), client.sleep)


def test_an_unreadable_nested_stack_stops_nothing() -> None:
    client = FakeEvents(
        {},
        {STACK_ID: [of_nested(1, "CREATE_IN_PROGRESS")]},
        {STACK_ID: [of_stack(2, "CREATE_COMPLETE")]},
    )

    assert follow(client)[0].succeeded


class Throttled(FakeEvents):
    """Refuses every other look."""

    looks = 0

    def describe_stack_events(self, StackName: str, NextToken: str = "0") -> dict[str, object]:
        self.looks += 1
        if self.looks % 2 == 0:
            raise refusal("Rate exceeded", "Throttling")
        return super().describe_stack_events(StackName, NextToken)


def test_being_throttled_ends_nothing() -> None:
    client = Throttled(before(), {STACK_ID: [of_stack(11, "UPDATE_COMPLETE")]}, {})
    outcome, _ = follow(client)
    assert outcome.succeeded
