"""The examples: each in a test of its own and in the local stack, as their docstrings say."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from examples import assistant, order_tracking
from examples.order_tracking import Shop, bot_of
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.settings import Settings
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.pacing import GATHER_SECONDS, Pace
from fulfillment.testing import ToolCall, run
from tests.deliveries import deliver
from tests.example_dialogs import (
    ANYTHING_ELSE,
    EXAMPLES,
    ORDER_LOCALES,
    STEP_SECONDS,
    STEPS,
    UNKNOWN_ORDER,
    WHICH_ORDER,
    demo_routes,
    question_of,
)
from tests.fakes import FakeChannel, FakeClock
from tests.lex_web_ui import LAG_SECONDS, visible
from tests.stack_fixture import client, running_stack, session

pytestmark = pytest.mark.slow

A_17 = {"OrderId": "A-17"}
HASTY = Shop(wait=lambda seconds: None)


class Lex:
    """A client's conversation with Lex; ``ask`` returns the messages, cards included."""

    def __init__(self, boto3_client: Any, session_id: str) -> None:
        self._client = boto3_client
        self._session = session(session_id)
        self.state: dict[str, Any] = {}

    def ask(self, text: str) -> list[Any]:
        response = self._client.recognize_text(**self._session, text=text)
        self.state = response["sessionState"]
        return [each.get("content") or each["imageResponseCard"] for each in response["messages"]]


@contextmanager
def talking_to(bot: str, **options: Any) -> Iterator[Lex]:
    """Run a bot in the local stack, the project's own docs being what its model knows."""
    with (
        running_stack(bot=bot, model_routes=demo_routes(), **options) as origin,
        closing(client("lexv2-runtime", origin)) as made,
    ):
        yield Lex(made, "example-1")


def test_every_example_is_tested_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "assistant",
        "knowledge_base",
        "order_tracking",
    }


# --- order tracking


def test_an_order_is_tracked_step_by_step() -> None:
    result = run(bot_of(HASTY), "where is it?", intent="TrackOrder", slots={"OrderId": "a-17"})
    assert list(result.chunks) == STEPS
    assert [part + last for part, last in _pairs(result.frames)] == STEPS
    assert (result.reply, result.action, result.intent_state) == (
        "".join(STEPS),
        "Close",
        "Fulfilled",
    )
    assert result.cards == [ANYTHING_ELSE]


def _pairs(frames: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(frames[::2], frames[1::2], strict=True)


@pytest.mark.parametrize(
    ("said", "action"),
    [(None, "Delegate"), ("A-17", "Delegate"), ("b-2", "Delegate"), ("Z-99", "ElicitSlot")],
)
def test_only_a_number_that_is_none_is_asked_for_again(said: str | None, action: str) -> None:
    result = run(
        order_tracking.bot,
        "track my order",
        intent="TrackOrder",
        slots={"OrderId": said},
        hook="DialogCodeHook",
    )
    assert result.action == action
    if action == "ElicitSlot":
        assert (result.slot_to_elicit, result.reply) == ("OrderId", UNKNOWN_ORDER)


def test_each_step_is_written_before_the_next() -> None:
    assert [at / STEP_SECONDS for at, _ in written_at()] == [0, 1, 2, 3]


def written_at() -> list[tuple[float, str]]:
    """Return when each chunk of a tracked order is written, in seconds of a clock of the test's."""
    clock = FakeClock()
    bot = bot_of(Shop(wait=clock.advance))
    written = []

    @bot.middleware
    def timed(turn: Any, answer: Any) -> Iterator[Any]:
        for chunk in answer(turn):
            written.append((clock.now, chunk))
            yield chunk

    run(bot, "where is it?", intent="TrackOrder", slots=A_17)
    return written


def test_lex_web_ui_shows_each_step_during_the_next() -> None:
    written = written_at()
    arrivals = arrivals_of(written)
    for count, (at, _) in enumerate(written[:-1], 1):
        # But for its last character, which is a line break.
        shown = "".join(STEPS[:count])[:-1]
        assert visible(arrivals, at + LAG_SECONDS + GATHER_SECONDS) == shown
        assert visible(arrivals, written[count][0]) == shown
    assert visible(arrivals, LAG_SECONDS - 0.01) == ""


def arrivals_of(written: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Deliver a text that was written so, at the pace of the default; return the frames."""
    clock = FakeClock()
    arrivals: list[tuple[float, str]] = []
    channel = FakeChannel(on_post=lambda: arrivals.append((clock.now, channel.frames[-1])))
    delivery = Delivery(PairedText(), Pace(Settings().flush_interval_seconds), tail="reply")
    deliver(delivery, written, written[-1][0], channel, clock)
    return arrivals


@pytest.fixture
def hasty_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example's bot, of a shop that does not wait, as ``scripts/serve --bot`` takes it."""
    (tmp_path / "hasty_orders.py").write_text(
        "from examples.order_tracking import Shop, bot_of\n"
        "bot = bot_of(Shop(wait=lambda seconds: None))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "hasty_orders:bot"


def test_an_order_is_tracked_in_the_local_stack(hasty_bot: str) -> None:
    with talking_to(hasty_bot, locales=ORDER_LOCALES) as lex:
        assert lex.ask(question_of("order_tracking")) == [WHICH_ORDER]
        assert lex.ask("Z-99") == [UNKNOWN_ORDER]
        assert lex.state["dialogAction"] == {"type": "ElicitSlot", "slotToElicit": "OrderId"}
        assert lex.ask("A-17") == ["".join(STEPS), ANYTHING_ELSE]
        assert lex.state["intent"]["state"] == "Fulfilled"
        buttons: Any = ANYTHING_ELSE["buttons"]
        (button,) = buttons
        assert lex.ask(button["value"]) == [WHICH_ORDER]
        assert "**B-2** is in Leeds" in lex.ask("b-2")[0]
        assert "**A-17** is in Hamburg" in lex.ask("Where is order A-17?")[0]


# --- the assistant


def test_the_assistant_says_what_it_looks_up() -> None:
    call = ToolCall("call-1", "order_status", {"order_id": "A-17"})
    result = run(assistant.bot, "Where is A-17?", model=["One moment. ", call, "It was shipped."])
    assert result.reply == "One moment. \n\nLooking up A-17…\n\nIt was shipped."
    (told,) = result.tool_results
    assert not told.failed
    assert "shipped yesterday" in told.text


def test_the_assistant_is_told_of_an_unknown_order() -> None:
    call = ToolCall("call-1", "order_status", {"order_id": "Z-99"})
    result = run(assistant.bot, "Where is Z-99?", model=[call, "There is none."])
    assert result.reply == "Looking up Z-99…\n\nThere is none."
    (told,) = result.tool_results
    assert (told.failed, told.text) == (True, "There is no order Z-99.")


@pytest.mark.parametrize(
    "arguments", [{"day": "sunday", "month": "May"}, {"day": "monday"}, {}, None]
)
def test_the_assistant_is_told_of_wrong_arguments(arguments: dict[str, str] | None) -> None:
    call = ToolCall("call-1", "opening_hours", arguments)
    result = run(assistant.bot, "Are you open?", model=[call, "I do not know."])
    (told,) = result.tool_results
    assert told.failed and "argument" in told.text
    assert result.reply == "I do not know."


def test_the_assistants_tools_have_their_docstrings() -> None:
    (prompt,) = run(assistant.bot, "Hello!", model="Hello.").prompts
    assert {tool.name: tool.description for tool in prompt.tools} == {
        "order_status": "Find the status of an order.",
        "opening_hours": "Say when the shop is open.",
    }
    properties: Any = prompt.tools[1].schema["properties"]
    assert properties["day"]["enum"] == list(assistant.HOURS)


def test_the_assistant_looks_up_in_the_local_stack() -> None:
    with talking_to("examples.assistant:bot") as lex:
        (reply,) = lex.ask(question_of("assistant"))
        assert "Looking up A-17…" in reply
        assert assistant.ORDERS["A-17"] in reply
        (reply,) = lex.ask("what is the status of order Z-99?")
        assert "There is no order Z-99." in reply
        (reply,) = lex.ask("When do you open on Saturday?")
        assert assistant.HOURS["saturday"] in reply


# --- the knowledge base


def test_the_knowledge_base_names_its_sources() -> None:
    with talking_to("examples.knowledge_base:bot") as lex:
        (reply,) = lex.ask(question_of("knowledge_base"))
    assert "The Lambda reads the event and starts two threads" in reply
    text, _, sources = reply.partition("Sources")
    assert "[1]" in text and "how-it-works.md" in sources


def test_the_knowledge_bases_answer_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_stack(model_routes=demo_routes()) as origin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", origin)
        example = runpy.run_path(str(EXAMPLES / "knowledge_base.py"))
        result = run(example["bot"], question_of("knowledge_base"), model=example["documents"])
    assert len(result.frames) > 2
    assert result.reply == "".join(result.frames).strip()
