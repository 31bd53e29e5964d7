"""The ordered relay, with a queue that does all that a queue may do."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.errors import ChannelBusy, ChannelError, ConnectionGone
from tests.profiles import examples
from tests.websocket_stack.tasks.tasks_api import Hub
from websocket_stack.tasks.relay import Relay

pytestmark = pytest.mark.slow

TEXT = ["One, ", "two, ", "two, ", "three."]


def records(group: Any, payloads: Any = TEXT, connection_id: Any = "c1") -> Any:
    return [
        {
            "messageId": f"{group}-{sequence}",
            "body": json.dumps(
                {
                    "group": group,
                    "sequence": sequence,
                    "connectionId": connection_id,
                    "payload": json.dumps({"task_id": "1", "response": text}),
                    "about": ["task", "1"],
                }
            ),
        }
        for sequence, text in enumerate(payloads)
    ]


class Busy:
    """Fails posts as it is told, before they arrive or after."""

    def __init__(self, hub: Any, failures: Any) -> None:
        self.hub, self.failures = hub, iter(failures)

    def post(self, address: Any, payload: Any) -> None:
        failure = next(self.failures, None)
        if failure == "after":
            self.hub.post(address, payload)
        if failure:
            raise {"busy": ChannelBusy, "gone": ConnectionGone}.get(failure, ChannelError)(failure)
        self.hub.post(address, payload)


def relay_of(table: tuple[Any, str], channel: Any) -> Any:
    return Relay(*table, channel, sleep=lambda seconds: None)


def texts(hub: Any, connection_id: Any = "c1") -> Any:
    return [frame["response"] for frame in hub.frames[connection_id]]


def failed(response: Any) -> Any:
    return [each["itemIdentifier"] for each in response["batchItemFailures"]]


def test_a_batch_is_posted_in_order(module_table: tuple[Any, str]) -> None:
    hub = Hub()
    response = relay_of(module_table, hub).post_batch({"Records": records(uuid4().hex)})
    assert (texts(hub), failed(response)) == (TEXT, [])


def test_a_group_waits_from_its_first_frame_that_cannot_be_posted(
    module_table: tuple[Any, str],
) -> None:
    """The others go on."""
    hub, first, second = Hub(), uuid4().hex, uuid4().hex
    relay = relay_of(module_table, Busy(hub, [None] + ["busy"] * 4))
    mine, yours = records(first), records(second, connection_id="c2")
    response = relay.post_batch({"Records": [*mine[:3], *yours]})
    assert failed(response) == [f"{first}-1", f"{first}-2"]
    assert texts(hub) == TEXT[:1]
    assert texts(hub, "c2") == TEXT
    relay.post_batch({"Records": mine[1:]})
    assert texts(hub) == TEXT


def test_a_connection_that_is_gone_holds_up_nothing(module_table: tuple[Any, str]) -> None:
    hub = Hub()
    hub.close("c1")
    response = relay_of(module_table, hub).post_batch({"Records": records(uuid4().hex)})
    assert failed(response) == []


def test_a_frame_that_is_missing_is_told_and_ends_the_text(
    module_table: tuple[Any, str],
) -> None:
    hub, group = Hub(), uuid4().hex
    one, _, three, four = records(group)
    response = relay_of(module_table, hub).post_batch({"Records": [one, three, four]})
    assert failed(response) == []
    assert texts(hub)[:1] == TEXT[:1]
    (end,) = texts(hub)[1:]
    assert end["errorType"] == "Incomplete"


@examples(0.2)
@given(data=st.data())
def test_whatever_the_queue_does_no_text_is_shown_twice(
    module_table: tuple[Any, str], data: Any
) -> None:
    """Each frame comes at most once and in order, and where one is missing, that is told last."""
    hub, group = Hub(), uuid4().hex
    failures = data.draw(st.lists(st.sampled_from([None, "busy", "before", "after"]), max_size=12))
    relay = relay_of(module_table, Busy(hub, failures))
    waiting = records(group)
    for _ in range(12):
        if not waiting:
            break
        size = data.draw(st.integers(1, len(waiting)))
        batch = waiting[:size]
        again = failed(relay.post_batch({"Records": batch}))
        if data.draw(st.booleans()):
            # The function was killed before it could say what it had done.
            continue
        waiting = [each for each in batch if each["messageId"] in again] + waiting[size:]
    shown = texts(hub)
    told = [each for each in shown if not isinstance(each, str)]
    assert [each for each in shown if isinstance(each, str)] == TEXT[: len(shown) - len(told)]
    assert told == shown[len(shown) - len(told) :]
    assert len(told) <= 1
