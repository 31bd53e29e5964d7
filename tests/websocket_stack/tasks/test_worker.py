"""Tasks and messages from what a client says to what it hears."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment import Bot
from fulfillment.errors import ChannelBusy, ChannelError, ModelInterrupted, ModelRejected
from fulfillment.testing import ScriptedModel
from tests.profiles import examples
from tests.websocket_stack.tasks.tasks_api import Api, Context, ends_of, message, submit, text_of
from websocket_stack.tasks import Task, Tasks
from websocket_stack.tasks.failures import tell
from websocket_stack.tasks.relay import Relay
from websocket_stack.tasks.runs import group_of

pytestmark = pytest.mark.slow

FINISHED = {
    "task_id": "000001",
    "status": "Success",
    "response": {"statusCode": 200, "body": '{"output":"Finished"}'},
}


def test_a_streamer_sends_partials_and_then_finished(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel(["It is ", "on its ", "way."]))
    api.say(submit())
    api.work()
    assert text_of(api.frames()) == "It is on its way."
    assert api.frames()[-1] == FINISHED
    assert ends_of(api.frames()) == [FINISHED]


def test_a_responder_sends_one_message(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel(["It is ", 'on its "way".']))
    api.say(submit(type="llm-responder"))
    api.work()
    assert api.frames() == [
        {
            "task_id": "000001",
            "status": "Success",
            "response": {"statusCode": 200, "body": '{"output":"It is on its \\"way\\"."}'},
        }
    ]


def test_a_chat_has_deltas_and_one_end(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel(["It is ", "here."]))
    api.say(message())
    api.work()
    assert "".join(frame["text"] for frame in api.frames()) == "It is here."
    assert {frame["type"] for frame in api.frames()[:-1]} == {"delta"}
    assert api.frames()[-1] == {"statusCode": 200, "type": "end", "text": ""}


@pytest.mark.parametrize("task_id", ["000001", 7, "a:::b", "", {"a": [1]}, "ü" * 100, "\ud83d"])
def test_a_task_has_the_id_that_its_client_gave(
    make_api: Callable[..., Api], task_id: str | int | dict[str, list[int]]
) -> None:
    api = make_api()
    api.say(submit(task_id))
    api.work()
    assert all(frame["task_id"] == task_id for frame in api.frames())
    assert len(ends_of(api.frames(), task_id)) == 1


def test_many_tasks_run_at_once_on_one_connection(make_api: Callable[..., Api]) -> None:
    """Each is in its own order, whatever the others do."""
    first_written, second_done = threading.Event(), threading.Event()
    tasks = Tasks()

    @tasks.task("first")
    def first(task: Any) -> Iterator[Any]:
        yield "1a "
        first_written.set()
        second_done.wait(20)
        yield "1b"

    @tasks.task("second")
    def second(task: Any) -> Iterator[Any]:
        first_written.wait(20)
        yield "2a "
        yield "2b"
        second_done.set()

    api = make_api(tasks=tasks)
    api.say(submit("one", "first"))
    api.say(submit("two", "second"))
    with api.working():
        pass
    frames = api.frames()
    assert (text_of(frames, "one"), text_of(frames, "two")) == ("1a 1b", "2a 2b")
    assert len(ends_of(frames, "one")) == len(ends_of(frames, "two")) == 1


def test_a_task_knows_where_other_producers_post(make_api: Callable[..., Api]) -> None:
    tasks = Tasks()

    @tasks.task("report")
    def report(task: Task) -> str:
        api.hub.post(task.connection_id, json.dumps({"from": "elsewhere"}))
        return "Done."

    api = make_api(tasks=tasks)
    api.say(submit(type="report"), "c2")
    api.work()
    assert api.frames("c2")[0] == {"from": "elsewhere"}
    assert api.frames("c2")[-1] == FINISHED


def test_a_builders_type_yields_and_asks(make_api: Callable[..., Api]) -> None:
    tasks = Tasks()

    @tasks.task("summarise")
    def summarise(task: Any) -> Iterator[Any]:
        yield "Reading…\n"
        yield from task.ask(f"Summarise: {task.data['text']}")

    api = make_api(ScriptedModel("Short."), tasks)
    api.say(submit(type="summarise", text="long"))
    api.work()
    assert text_of(api.frames()) == "Reading…\nShort."
    assert api.model.prompts[0].messages[-1].text == "Summarise: long"


def test_an_unknown_type_is_told(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(submit(type="nonsense"))
    api.work()
    (frame,) = api.frames()
    assert (frame["status"], frame["response"]["errorType"]) == ("Fail", "UnknownType")


# --- what goes wrong


def test_a_model_that_refuses_fails_the_task(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel([ModelRejected("ValidationException")]))
    api.say(submit())
    api.work()
    (frame,) = api.frames()
    assert frame["status"] == "Fail"
    assert frame["response"]["trace"] == []
    assert "Validation" not in frame["response"]["errorMessage"]


def test_a_model_that_breaks_off_fails_the_task_after_its_text(
    make_api: Callable[..., Api],
) -> None:
    api = make_api(ScriptedModel(["It is ", ModelInterrupted("cut")]))
    api.say(submit())
    api.work()
    assert text_of(api.frames()) == "It is "
    (end,) = ends_of(api.frames())
    assert end == api.frames()[-1]
    assert end["status"] == "Fail"


def test_a_chat_ends_once_after_an_error_too(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel([ModelRejected("ValidationException")]))
    api.say(message())
    api.work()
    notice, end = api.frames()
    assert (notice["type"], notice["statusCode"]) == ("delta", 500)
    assert end == {"statusCode": 200, "type": "end", "text": ""}


def test_a_task_is_cut_before_its_lambda_is_killed(make_api: Callable[..., Api]) -> None:
    def endless(task: Any) -> Iterator[Any]:
        yield "It is "
        threading.Event().wait(20)

    tasks = Tasks()
    tasks.task("endless")(endless)
    api = make_api(tasks=tasks)
    api.say(submit(type="endless"))
    api.work(seconds=3.0)
    assert api.frames()[-1] == FINISHED
    assert "my time for one reply is up" in text_of(api.frames())


# --- what may happen twice


def test_an_event_that_arrives_twice_asks_the_model_once(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel("Hello."))
    api.say(submit())
    api.events *= 2
    with api.working():
        pass
    assert len(api.model.prompts) == len(ends_of(api.frames())) == 1
    assert text_of(api.frames()) == "Hello."


def test_an_event_that_arrives_after_the_end_does_nothing(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel("Hello."))
    api.say(submit())
    event = api.events[0]
    api.work()
    api.worker.work(event, Context())
    assert len(ends_of(api.frames())) == 1


def test_an_event_that_is_too_old_is_told_and_not_run(make_api: Callable[..., Api]) -> None:
    now = [1_800_000_000.0]
    api = make_api(now=lambda: now[0])
    api.say(submit())
    now[0] += 61
    api.work()
    (frame,) = api.frames()
    assert frame["response"]["errorType"] == "Expired"
    assert api.model.prompts == []


# --- messages


def test_a_message_may_bring_its_history(make_api: Callable[..., Api]) -> None:
    api = make_api()
    history = [
        {"role": "user", "content": "How long?"},
        {"role": "assistant", "content": [{"text": "20 minutes."}]},
    ]
    api.say(message("And for two?", history=history))
    api.work()
    texts = [(each.role, each.text) for each in api.model.prompts[0].messages]
    assert texts == [
        ("user", "How long?"),
        ("assistant", "20 minutes."),
        ("user", "And for two?"),
    ]


def test_a_bot_answers_messages(make_api: Callable[..., Api]) -> None:
    bot = Bot(model=ScriptedModel("unused"))

    @bot.fallback
    def answer(turn: Any) -> Iterator[Any]:
        yield f"You said {turn.utterance}."
        turn.add_card("More?", buttons=[("Yes", "yes")])

    api = make_api(tasks=Tasks(bot=bot))
    api.say(message("hello"))
    api.work()
    text = "".join(frame["text"] for frame in api.frames())
    assert text == "You said hello.\n\n**More?**\n\n- Yes"


# --- stop


def waits_to_be_stopped(task: Any) -> Iterator[Any]:
    yield "It is "
    yield from iter(lambda: threading.Event().wait(0.01) or "", None)


@pytest.fixture
def stoppable(make_api: Callable[..., Api]) -> Any:
    tasks = Tasks()
    tasks.task("endless")(waits_to_be_stopped)
    tasks.message(waits_to_be_stopped)
    return make_api(tasks=tasks)


@pytest.mark.parametrize("command", [{}, {"task": {"id": "000001"}}])
def test_a_stop_ends_the_work(stoppable: Any, command: dict[str, Any]) -> None:
    api = stoppable
    api.say(submit(type="endless"))
    with api.working():
        api.hub.wait(lambda: text_of(api.frames()) == "It is ")
        api.say({"action": "stop", **command})
    assert ends_of(api.frames()) == [FINISHED]
    assert api.reports[0].outcome == "cancelled"


def test_a_stop_of_one_task_leaves_the_others(stoppable: Any) -> None:
    api = stoppable
    api.say(submit("one", "endless"))
    api.say(submit("two", "endless"))
    with api.working():
        api.hub.wait(lambda: len(api.frames()) == 2)
        api.say({"action": "stop", "task": {"id": "one"}})
        api.hub.wait(lambda: len(ends_of(api.frames(), "one")) == 1)
        assert ends_of(api.frames(), "two") == []
        api.say({"action": "stop"})
    assert len(ends_of(api.frames(), "two")) == 1


def test_a_client_that_wants_to_know_is_told_how_it_ended(stoppable: Any) -> None:
    api = stoppable
    api.say(message("hello", id=5, detail=True))
    with api.working():
        api.hub.wait(lambda: len(api.frames()) == 1)
        api.say({"action": "stop", "message": {"id": 5}})
    end = api.frames()[-1]
    assert (end["type"], end["id"], end["outcome"]) == ("end", 5, "cancelled")
    assert end["usage"]["estimated"] is True


def test_a_stop_before_the_worker_starts_counts(stoppable: Any) -> None:
    api = stoppable
    api.say(submit(type="endless"))
    api.say({"action": "stop"})
    api.work()
    assert ends_of(api.frames()) == [FINISHED]


# --- a connection that closes


def owned(owner: Any) -> Any:
    return {"identity": {"cognitoIdentityId": owner}}


def test_a_client_that_comes_back_has_the_rest(make_api: Callable[..., Api]) -> None:
    written, resumed = threading.Event(), threading.Event()
    tasks = Tasks()

    @tasks.task("slow")
    def slow(task: Any) -> Iterator[Any]:
        yield "It is "
        written.set()
        resumed.wait(20)
        yield "on its way."

    api = make_api(tasks=tasks, grace_seconds=20, sign_in="iam")
    api.connect("c1", **owned("me"))
    api.say(submit(type="slow"))
    with api.working():
        api.hub.wait(lambda: text_of(api.frames("c1")) == "It is ")
        api.disconnect("c1")
        api.connect("c2", **owned("me"))
        api.say({"action": "resume", "task": {"id": "000001"}, "received": 3}, "c2")
        api.hub.wait(lambda: text_of(api.frames("c2")) == "is ")
        resumed.set()
    assert text_of(api.frames("c2")) == "is on its way."
    assert ends_of(api.frames("c2")) == [FINISHED]
    assert ends_of(api.frames("c1")) == []


def test_a_client_that_does_not_come_back_stops_the_model(make_api: Callable[..., Api]) -> None:
    tasks = Tasks()

    def slow_word() -> str:
        threading.Event().wait(0.01)
        return "word "

    tasks.task("endless")(lambda task: iter(slow_word, None))
    api = make_api(tasks=tasks, grace_seconds=1)
    api.say(submit(type="endless"))
    with api.working():
        api.hub.wait(lambda: len(api.frames()) > 2)
        api.disconnect()
    assert api.reports[0].outcome == "cancelled"


@pytest.mark.parametrize(("received", "rest"), [(None, ""), (0, "Hello."), (3, "lo.")])
def test_what_is_over_is_sent_again(
    make_api: Callable[..., Api], received: int | None, rest: str
) -> None:
    api = make_api(sign_in="iam")
    api.connect("c1", **owned("me"))
    api.say(submit())
    api.work()
    api.connect("c2", **owned("me"))
    api.say({"action": "resume", "task": {"id": "000001"}, "received": received}, "c2")
    assert text_of(api.frames("c2")) == rest
    assert ends_of(api.frames("c2")) == [FINISHED]
    assert len(api.model.prompts) == 1


def test_a_worker_that_died_is_told_once(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(submit())
    (event,) = api.events
    api.runs.begin(event["run"], "worker", 900)
    api.fail(event)
    api.fail(event)
    (frame,) = api.frames()
    assert (frame["status"], frame["response"]["errorType"]) == ("Fail", "Failed")
    api.work()
    assert api.model.prompts == []


def test_a_worker_that_never_started_is_told(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(submit())
    api.fail(api.events[0], "EventAgeExceeded")
    (frame,) = api.frames()
    assert frame["response"]["errorType"] == "Expired"


def test_a_failure_after_the_end_is_not_told(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api.say(submit())
    event = api.events[0]
    api.work()
    api.fail(event)
    assert ends_of(api.frames()) == [FINISHED]


# --- the way to the connection


@pytest.mark.parametrize("busy_at", [0, 1, 2])
def test_a_throttled_post_loses_nothing(make_api: Callable[..., Api], busy_at: int) -> None:
    api = make_api(ScriptedModel(["One, ", "two, ", "three."]))
    posts = iter(range(99))

    def throttle(address: Any, payload: Any) -> None:
        if next(posts) == busy_at:
            raise ChannelBusy("429")

    api.hub.on_post = throttle
    api.say(submit())
    api.work()
    assert text_of(api.frames()) == "One, two, three."
    assert ends_of(api.frames()) == [FINISHED]


def test_a_post_in_doubt_is_not_repeated_and_is_told(make_api: Callable[..., Api]) -> None:
    api = make_api(ScriptedModel(["One, ", "two."]))
    posts = iter(range(99))

    def doubt(address: Any, payload: Any) -> None:
        if next(posts) == 0:
            api.hub.frames[address].append(json.loads(payload))
            raise ChannelError("read timeout")

    api.hub.on_post = doubt
    api.say(submit())
    api.work()
    assert text_of(api.frames()) in ("One, ", "One, two.")
    (end,) = ends_of(api.frames())
    assert end["response"]["errorType"] == "Incomplete"
    api.say({"action": "resume", "task": {"id": "000001"}, "received": 3})
    assert text_of(api.frames()).endswith(", two.")


@examples(0.2)
@given(stop_after=st.integers(0, 8), chunks=st.integers(0, 6))
def test_a_stop_that_races_the_end_leaves_one_end(
    module_table: tuple[Any, str], stop_after: Any, chunks: Any
) -> None:
    tasks = Tasks()
    api = Api(*module_table, tasks=tasks)
    connection = uuid4().hex

    @tasks.task("counted")
    def counted(task: Any) -> Iterator[Any]:
        for number in range(chunks):
            yield f"{number} "

    posted = iter(range(99))

    def stop(address: Any, payload: Any) -> None:
        if next(posted) == stop_after:
            api.say({"action": "stop", "task": {"id": "000001"}}, connection)

    api.hub.on_post = stop
    api.say(submit(type="counted"), connection)
    api.work()
    frames = api.frames(connection)
    assert "".join(f"{number} " for number in range(chunks)).startswith(
        text_of(frames).removesuffix("Sorry, I have no answer to that.")
    )
    assert len(ends_of(frames)) == 1
    assert ends_of(frames) == frames[-1:]


@examples(0.2)
@given(cut=st.integers(0, 40), comes_back=st.sampled_from(["at once", "after the end"]))
def test_a_cut_anywhere_is_resumed(
    module_table: tuple[Any, str], cut: Any, comes_back: Any
) -> None:
    """What a client has, and what it is sent when it comes back, is the reply, once."""
    text = "One, two, three, four, five, six, seven!"
    resumed, tasks = threading.Event(), Tasks()
    api = Api(*module_table, tasks=tasks, grace_seconds=20, sign_in="iam")
    owner = uuid4().hex
    first, second = f"{owner}-1", f"{owner}-2"

    @tasks.task("slow")
    def slow(task: Any) -> Iterator[Any]:
        yield from text[:cut]
        resumed.wait(20)
        yield from text[cut:]

    api.connect(first, **owned(owner))
    api.say(submit(type="slow"), first)

    def resume(received: Any) -> None:
        api.connect(second, **owned(owner))
        resume = {"action": "resume", "task": {"id": "000001"}, "received": len(received)}
        api.say(resume, second)

    with api.working():
        api.hub.wait(lambda: text_of(api.frames(first)) == text[:cut])
        received = text_of(api.frames(first))
        if comes_back == "at once":
            api.disconnect(first)
            resume(received)
        resumed.set()
    if comes_back == "after the end":
        resume(received)
    assert received + text_of(api.frames(second)) == text
    assert ends_of(api.frames(second)) == [FINISHED]


def test_frames_may_go_through_the_relay(
    make_api: Callable[..., Api], table: tuple[Any, str]
) -> None:
    """The next message without an id is another text, though it is called the same."""
    api = make_api(ScriptedModel(["One, ", "two."], repeats=True))
    relay = Relay(*table, api.hub)

    class Queue:
        def __init__(self, group: Any) -> None:
            self.group = group
            self.sent: list[Any] = []

        def post(self, address: Any, payload: Any) -> None:
            frame = {"group": self.group, "sequence": len(self.sent), "connectionId": address}
            body = json.dumps(frame | {"payload": payload, "about": ["message", None]})
            self.sent.append({"messageId": str(len(self.sent)), "body": body})

    class Queues(list[Any]):
        def __call__(self, run: Any) -> Any:
            self.append(Queue(group_of(run)))
            return self[-1]

    for _ in range(2):
        queues = api.worker._channel_of = Queues()
        api.say(message())
        api.work()
        assert api.frames() == []
        relay.post_batch({"Records": [each for queue in queues for each in queue.sent]})
        assert "".join(frame["text"] for frame in api.frames()) == "One, two."
        assert [frame["type"] for frame in api.frames()].count("end") == 1
        api.hub.frames.clear()


def test_a_failed_run_has_no_text_after_its_end(
    make_api: Callable[..., Api], table: tuple[Any, str]
) -> None:
    api = make_api()
    api.say(submit())
    (event,) = api.events
    run = api.runs.begin(event["run"], "worker", 900)
    assert run
    relay = Relay(*table, api.hub)
    tell({"requestPayload": event}, api.runs, api.owners, api.hub, relay)
    frame = {"group": group_of(run), "sequence": 0, "connectionId": "c1", "payload": "{}"}
    body = json.dumps(frame | {"about": ["task", "000001"]})
    relay.post_batch({"Records": [{"messageId": "m", "body": body}]})
    assert len(api.frames()) == 1
