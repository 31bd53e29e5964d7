"""Asking, stopping and looking, as AppSync calls the Lambda."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from fulfillment import Bot
from fulfillment.clients import Resources
from fulfillment.errors import (
    ChannelBusy,
    ChannelError,
    ModelError,
    ModelInterrupted,
    ModelRejected,
)
from fulfillment.settings import Settings
from fulfillment.testing import ScriptedModel, memory
from tests.websocket_stack.tasks.tasks_api import Context, Hub, task_table
from websocket_stack.graphql import frame_format
from websocket_stack.graphql.chat import app_of
from websocket_stack.graphql.chat_owners import ChatOwners
from websocket_stack.graphql.errors import ChatBusy, InvalidPrompt, Unauthorized
from websocket_stack.graphql.resolver import Resolver
from websocket_stack.tasks import Tasks
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.watch import Watch
from websocket_stack.tasks.worker import Worker

pytestmark = pytest.mark.slow

ME, YOU = {"sub": "me", "issuer": "pool"}, {"sub": "you", "issuer": "pool"}


@pytest.fixture(scope="module")
def table() -> Iterator[tuple[Any, str]]:
    with task_table() as made:
        yield made


class Chats:
    """The Lambda behind a chat, and the subscribers of it."""

    def __init__(
        self,
        table: tuple[Any, str],
        model: Any = None,
        tasks: Any = None,
        *,
        at_once: Any = 10,
        conversations: Any = None,
    ) -> None:
        self.hub = Hub()
        self.model = model or ScriptedModel("Hello.", repeats=True)
        self.reports: list[Any] = []
        runs = RunTable(*table)
        owners = Owners(*table, runs, most_at_once=at_once, most_a_minute=60)
        settings = Settings(flush_interval_seconds=0.0)
        worker = Worker(
            tasks or Tasks(),
            Resources(settings, self.model, memory=conversations),
            runs,
            owners,
            self.hub,
            frame_format=frame_format,
            keeps_progress=True,
            watch=Watch(runs, look_seconds=0.02),
            record=self.reports.append,
        )
        self.resolver = Resolver(runs, owners, ChatOwners(*table), worker, self.hub, 1_000)

    def call(
        self,
        field: Any,
        kind: Any = "Mutation",
        identity: Any = None,
        context: Any = None,
        stash: Any = (),
        **arguments: Any,
    ) -> Any:
        """Resolve a field as AppSync does it."""
        event = {
            "stash": dict(stash),
            "arguments": arguments,
            "identity": identity,
            "source": None,
            "request": {"headers": {}},
            "info": {"fieldName": field, "parentTypeName": kind, "variables": {}},
        }
        context = context or Context(30)
        return app_of(self.resolver, context).resolve(json.loads(json.dumps(event)), context)

    def ask(self, chat_id: Any, prompt: Any = "Where is it?", **options: Any) -> Any:
        return self.call("ask", chatId=chat_id, prompt=prompt, **options)

    def state(self, chat_id: Any, **options: Any) -> Any:
        return self.call("chatState", "Query", chatId=chat_id, **options)

    def text(self, chat_id: Any) -> Any:
        """Return what a client shows that knows chatId and data alone."""
        return "".join(frame["data"] for frame in self.hub.frames[chat_id])

    def kinds(self, chat_id: Any) -> Any:
        return [frame["kind"] for frame in self.hub.frames[chat_id]]


@pytest.fixture
def chat_id() -> Any:
    return uuid4().hex


def test_a_reply_is_told_as_it_is_written(table: tuple[Any, str], chat_id: Any) -> None:
    chats = Chats(table, ScriptedModel(["It is ", "here."]))
    assert chats.ask(chat_id) is None
    assert chats.text(chat_id) == "It is here."
    assert chats.kinds(chat_id)[-1] == "done"
    assert set(chats.kinds(chat_id)[:-1]) == {"delta"}


@pytest.mark.parametrize(
    ("script", "text", "kind"),
    [
        (
            [ModelRejected("no")],
            "Sorry, I could not answer that just now. Please try again.",
            "error",
        ),
        (["It is ", ModelInterrupted("cut")], "It is \n\nSorry, my reply broke off here.", "error"),
    ],
)
def test_a_failure_is_told(
    table: tuple[Any, str], chat_id: Any, script: list[str | ModelError], text: str, kind: str
) -> None:
    chats = Chats(table, ScriptedModel(script))
    chats.ask(chat_id)
    assert chats.text(chat_id).startswith(text)
    assert chats.kinds(chat_id)[-1] == kind


def test_a_deadline_is_told(table: tuple[Any, str], chat_id: Any) -> None:
    tasks = Tasks()

    @tasks.message
    def endless(message: Any) -> Iterator[Any]:
        yield "It is "
        threading.Event().wait(20)

    chats = Chats(table, tasks=tasks)
    chats.ask(chat_id, context=Context(3.0))
    assert "my time for one reply is up" in chats.text(chat_id)
    assert chats.kinds(chat_id)[-1] == "done"


def test_an_invocation_that_comes_twice_asks_the_model_once(
    table: tuple[Any, str], chat_id: Any
) -> None:
    chats, context = Chats(table, ScriptedModel("Hello.")), Context(30)
    chats.ask(chat_id, context=context)
    chats.ask(chat_id, context=context)
    assert chats.text(chat_id) == "Hello."


@pytest.fixture
def endless() -> Any:
    tasks, release = Tasks(), threading.Event()

    @tasks.message
    def wait(message: Any) -> Iterator[Any]:
        yield "It is "
        yield from iter(lambda: release.wait(0.01) or "", None)

    return tasks


@pytest.fixture
def asked(table: tuple[Any, str], chat_id: Any, endless: Any) -> Iterator[Any]:
    """A chat in which a reply is being written."""
    chats = Chats(table, tasks=endless)
    thread = threading.Thread(target=chats.ask, args=(chat_id,))
    thread.start()
    chats.hub.wait(lambda: chats.text(chat_id) == "It is ")
    yield chats
    chats.call("stop", chatId=chat_id)
    thread.join(20)
    assert not thread.is_alive()


def test_a_stop_is_told(asked: Any, chat_id: Any) -> None:
    assert asked.call("stop", chatId=chat_id) is True
    asked.hub.wait(lambda: asked.kinds(chat_id)[-1] == "stopped")
    assert asked.text(chat_id) == "It is "


def test_a_second_prompt_is_refused_while_a_reply_is_written(asked: Any, chat_id: Any) -> None:
    with pytest.raises(ChatBusy):
        asked.ask(chat_id, "And then?")
    first, *_, second = [frame["messageId"] for frame in asked.hub.frames[chat_id]]
    assert first != second
    assert asked.kinds(chat_id)[-1] == "error"


def test_those_who_join_late_see_the_text_so_far(asked: Any, chat_id: Any) -> None:
    deadline = time.monotonic() + 20
    while (state := asked.state(chat_id))["text"] != "It is ":
        assert time.monotonic() < deadline
    assert (state["kind"], state["usage"]) == ("delta", None)


def test_the_last_reply_can_be_had_again(table: tuple[Any, str], chat_id: Any) -> None:
    chats = Chats(table, ScriptedModel(["It is ", "here."]))
    chats.ask(chat_id)
    state = chats.state(chat_id)
    assert (state["text"], state["kind"]) == ("It is here.", "done")
    assert state["messageId"] == chats.hub.frames[chat_id][0]["messageId"]
    assert chats.state(uuid4().hex) is None
    assert chats.call("stop", chatId=chat_id) is False


@pytest.mark.parametrize(("prompt", "chat"), [("", "c"), (" ", "c"), ("x" * 1_001, "c"), ("p", "")])
def test_what_cannot_be_asked_is_an_error(table: tuple[Any, str], prompt: str, chat: str) -> None:
    chats = Chats(table)
    with pytest.raises(InvalidPrompt):
        chats.ask(chat, prompt)
    assert chats.model.prompts == []


def test_where_nobody_waits_a_refusal_is_told_and_is_no_error(
    table: tuple[Any, str], chat_id: Any
) -> None:
    chats = Chats(table)
    chats.ask(chat_id, " ", stash={"atOnce": True})
    notice, end = chats.hub.frames[chat_id]
    assert notice["data"] == "A prompt has 1 to 1,000 characters."
    assert end["kind"] == "error"


# --- owners


def test_a_chat_is_its_first_users(table: tuple[Any, str], chat_id: Any) -> None:
    chats = Chats(table)
    chats.call("chat", "Subscription", identity=ME, chatId=chat_id)
    calls: list[Callable[[], object]] = [
        lambda: chats.call("chat", "Subscription", identity=YOU, chatId=chat_id),
        lambda: chats.ask(chat_id, identity=YOU),
        lambda: chats.state(chat_id, identity=YOU),
        lambda: chats.call("stop", identity=YOU, chatId=chat_id),
    ]
    for call in calls:
        with pytest.raises(Unauthorized):
            call()
    chats.ask(chat_id, identity=ME)
    assert chats.text(chat_id) == "Hello."


def test_a_caller_that_cannot_be_told_is_refused(table: tuple[Any, str], chat_id: Any) -> None:
    with pytest.raises(PermissionError):
        Chats(table).ask(chat_id, identity={"claims": {}})


def test_a_chat_is_remembered_under_a_name_that_is_no_one_elses(table: tuple[Any, str]) -> None:
    conversations: Any = memory()
    mine, short = uuid4().hex, uuid4().hex[:8]
    for chat_id, remembered in ((mine, True), (short, False)):
        chats = Chats(table, conversations=conversations)
        chats.ask(chat_id, "I am Ada.")
        chats.ask(chat_id, "Who am I?")
        assert len(chats.model.prompts[1].messages) == (3 if remembered else 1)
        assert chat_id not in conversations._exchanges


# --- the way to the subscribers


@pytest.mark.parametrize("failure", [ChannelBusy("429"), ChannelError("500")])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_failing_send_holds_up_neither_model_nor_end(
    table: tuple[Any, str], chat_id: Any, at: int, failure: ChannelError
) -> None:
    chats, posts = Chats(table, ScriptedModel(list("abcdef"))), itertools.count()

    def fail(address: Any, payload: Any) -> None:
        if next(posts) == at:
            raise failure

    chats.hub.on_post = fail
    chats.ask(chat_id)
    assert chats.state(chat_id)["text"] == "abcdef"
    assert "abcdef".startswith(chats.text(chat_id))
    if isinstance(failure, ChannelBusy):
        assert (chats.text(chat_id), chats.kinds(chat_id)[-1]) == ("abcdef", "done")


def test_a_bot_answers(table: tuple[Any, str], chat_id: Any) -> None:
    bot = Bot(model=ScriptedModel("unused"))
    bot.fallback(lambda turn: f"You said {turn.utterance}.")
    chats = Chats(table, tasks=Tasks(bot=bot))
    chats.ask(chat_id, "hi")
    assert chats.text(chat_id) == "You said hi."
