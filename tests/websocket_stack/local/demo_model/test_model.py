"""The embedded model, on a fake clock."""

from __future__ import annotations

import pytest

from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from tests.fakes import FakeClock
from websocket_stack.local.demo_model.model import THINKING_SECONDS, DemoModel, tokens_of
from websocket_stack.local.demo_model.passages import Library, Passage
from websocket_stack.local.demo_model.tools import LOOKING

LAMPS = Passage("docs/lamps.md", "Lamps", "The lamp of a lighthouse turns once in ten seconds.")
FOG = Passage("README.md", "Fog", "In fog the horn sounds twice a minute.")
LIBRARY = Library([LAMPS, FOG])
TIME = ToolSpec("tell_time", "Tell the time.", {"type": "object"})


def prompt(text: str, max_tokens: int = 1000, system: str = "") -> Prompt:
    return Prompt((Message("user", text),), system, max_tokens)


class Sleeper:
    """A clock that passes while it is slept on; each sleep may take longer than asked."""

    def __init__(self, oversleeps: float = 0.0) -> None:
        self.clock = FakeClock(1000.0)
        self.slept: list[float] = []
        self._oversleeps = oversleeps

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds + (self._oversleeps if seconds else 0.0))


def model(sleeper: Sleeper, tokens_per_second: float = 10.0) -> DemoModel:
    return DemoModel(LIBRARY, tokens_per_second, clock=sleeper.clock, sleep=sleeper.sleep)


def test_the_chunks_are_the_reply() -> None:
    answer = model(Sleeper()).ask(prompt("How does the lamp turn?"))

    assert "".join(answer) == (
        "The lamp of a lighthouse turns once in ten seconds.\n\n*From docs/lamps.md, “Lamps”.*"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "word",
        "  two  words ",
        "a line\n\nand another\n",
        "unbelievably",
        "Grüß Gott 👋🏽",
        "\n",
    ],
)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens_of(text)) == text


def test_a_token_is_about_four_characters() -> None:
    assert tokens_of("The lighthouse turns. ") == ["The", " ligh", "thou", "se", " turn", "s.", " "]


def test_it_thinks_and_then_writes_at_its_pace() -> None:
    sleeper = Sleeper()
    written = [
        sleeper.clock.now - 1000.0
        for _ in model(sleeper, tokens_per_second=10).ask(prompt("lamp", max_tokens=4))
    ]

    assert written == pytest.approx([THINKING_SECONDS + index / 10 for index in range(4)])


def test_the_pace_holds_where_sleeps_take_too_long() -> None:
    sleeper = Sleeper(oversleeps=0.05)
    written = [
        sleeper.clock.now - 1000.0
        for _ in model(sleeper, tokens_per_second=10).ask(prompt("lamp", max_tokens=10))
    ]

    assert written[-1] == pytest.approx(THINKING_SECONDS + 0.9 + 0.05)


def test_the_completion_counts_tokens_and_time() -> None:
    sleeper = Sleeper()
    answer = model(sleeper).ask(prompt("lamp", system="Be brief."))
    assert answer.completion is None
    chunks = list(answer)

    completion = answer.completion
    assert completion is not None
    assert (completion.model_id, completion.stop_reason) == ("demo", "end_turn")
    assert completion.output_tokens == len(chunks)
    assert completion.input_tokens == len(tokens_of("lampBe brief."))
    assert completion.latency_ms == int((sleeper.clock.now - 1000.0) * 1000)


def test_max_tokens_end_the_reply() -> None:
    answer = model(Sleeper()).ask(prompt("lamp", max_tokens=3))

    assert list(answer) == ["The", " lamp", " of"]
    assert answer.completion is not None
    assert (answer.completion.stop_reason, answer.completion.output_tokens) == ("max_tokens", 3)


def test_a_stop_sequence_ends_the_reply() -> None:
    stopped = prompt("lamp")._replace(stop_sequences=("turns", " of a", "never"))
    answer = model(Sleeper()).ask(stopped)

    assert "".join(answer) == "The lamp"
    assert answer.completion is not None
    assert answer.completion.stop_reason == "stop_sequence"


def test_a_closed_answer_stops_and_is_not_complete() -> None:
    answer = model(Sleeper()).ask(prompt("lamp"))
    written = []
    for chunk in answer:
        written.append(chunk)
        if len(written) == 2:
            answer.close()

    assert written == ["The", " lamp"]
    assert answer.completion is None


def test_the_completion_has_the_tool_calls() -> None:
    answer = model(Sleeper()).ask(prompt("What time is it?")._replace(tools=(TIME,)))

    assert "".join(answer) == LOOKING
    assert answer.completion is not None
    assert answer.completion.stop_reason == "tool_use"
    assert answer.completion.tool_calls == (ToolCall("tooluse_demo_1", "tell_time", {}),)


def test_a_reply_that_is_cut_calls_no_tool() -> None:
    answer = model(Sleeper()).ask(prompt("What time is it?", 2)._replace(tools=(TIME,)))

    assert len(list(answer)) == 2
    assert answer.completion is not None
    assert (answer.completion.stop_reason, answer.completion.tool_calls) == ("max_tokens", ())


def test_each_call_has_its_own_id() -> None:
    earlier = ToolCall("tooluse_demo_1", "tell_time", {})
    messages = (
        Message("user", "What time is it?"),
        Message("assistant", LOOKING, tool_calls=(earlier,)),
        Message("user", tool_results=(ToolResult("tooluse_demo_1", "noon"),)),
        Message("assistant", "The tool `tell_time` says: noon"),
        Message("user", "And what time is it now?"),
    )
    answer = model(Sleeper()).ask(Prompt(messages, tools=(TIME,)))
    list(answer)

    assert answer.completion is not None
    assert [call.id for call in answer.completion.tool_calls] == ["tooluse_demo_2"]
    assert (answer.completion.input_tokens or 0) > len(tokens_of("noon"))


def test_any_reply_is_written_at_the_same_pace() -> None:
    sleeper = Sleeper()
    answer = model(sleeper, tokens_per_second=10).write(
        Message("assistant", "Once upon a time"), prompt("x", 3)
    )

    assert list(answer) == ["Once", " upon", " a"]
    assert sleeper.clock.now - 1000.0 == pytest.approx(THINKING_SECONDS + 0.2)
