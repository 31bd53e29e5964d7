from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from fulfillment.errors import ModelInterrupted
from fulfillment.models.base import Completion, Message, Prompt, StopReason, ToolCall, ToolResult
from fulfillment.models.tool_loop import (
    CUT_SHORT,
    MAX_TOOL_ROUNDS,
    RESERVED_SECONDS,
    TOO_LATE,
    TOO_MANY,
    ToolLoop,
)
from fulfillment.testing import ScriptedModel
from fulfillment.testing.scripted_model import ScriptedStream
from fulfillment.tools import Tool
from fulfillment.tools.toolbox import Toolbox

PROMPT = Prompt((Message("user", "Where is A-1?"),), system="Be brief.")
# As the model is asked it.
ASKED = PROMPT._replace(seconds_left=20.0)
CALL = ToolCall("c1", "find_order", {"order_id": "A-1"})
OTHER_CALL = ToolCall("c2", "find_order", {"order_id": "A-2"})


def find_order(order_id: str) -> Generator[str, None, str]:
    """Find an order."""
    yield f"Looking for {order_id}…\n"
    return f"{order_id} is on its way"


def quiet(order_id: str) -> str:
    """Find an order."""
    return f"{order_id} is on its way"


def toolbox_of(function: Callable[..., Any] = find_order, **options: Any) -> Toolbox:
    return Toolbox([Tool(function, name="find_order", **options)])


def loop_of(seconds_left: float = 20.0) -> ToolLoop:
    return ToolLoop(lambda: seconds_left)


def told(prompt: Prompt) -> tuple[ToolResult, ...]:
    """Return the results that the last message of a prompt holds."""
    return prompt.messages[-1].tool_results


def test_signs_of_life_are_no_text() -> None:
    model = ScriptedModel(["", "For ", "", "two."])
    assert list(loop_of().ask(model, PROMPT)) == ["For ", "two."]
    assert model.prompts == [ASKED]


def test_how_each_call_ended_is_kept() -> None:
    loop = loop_of()
    assert not loop.completions
    list(loop.ask(ScriptedModel("a"), PROMPT))
    list(loop.ask(ScriptedModel("a"), PROMPT))
    first, second = loop.completions
    assert (first.output_tokens, second.output_tokens) == (5, 5)


def test_what_a_model_raises_is_raised() -> None:
    error = ModelInterrupted("x")
    chunks = loop_of().ask(ScriptedModel(["a", error]), PROMPT)
    assert next(chunks) == "a"
    with pytest.raises(ModelInterrupted):
        next(chunks)


# --- rounds with tools


def test_a_tool_is_run_and_its_result_told() -> None:
    model = ScriptedModel(["One moment.", CALL, "It is on its way."])
    loop = loop_of()
    assert "".join(loop.ask(model, PROMPT, toolbox_of())) == (
        "One moment.\n\nLooking for A-1…\nIt is on its way."
    )
    first, second = model.prompts
    assert first == ASKED
    assert second == ASKED._replace(
        messages=(
            *PROMPT.messages,
            Message("assistant", "One moment.", tool_calls=(CALL,)),
            Message("user", tool_results=(ToolResult("c1", "A-1 is on its way"),)),
        )
    )
    # Of each round.
    assert [completion.stop_reason for completion in loop.completions] == ["tool_use", "end_turn"]


def test_a_message_that_calls_is_sent_back_unchanged() -> None:
    thoughts = object()
    ended = Completion("m", StopReason.TOOL_USE, tool_calls=(CALL,), provider_content=thoughts)
    model = ScriptedModel([ended, "Done."])
    list(loop_of().ask(model, PROMPT, toolbox_of()))
    assert model.prompts[1].messages[1].provider_content is thoughts


def test_a_round_has_the_messages_of_those_before() -> None:
    model = ScriptedModel([CALL, "And now the other.", OTHER_CALL, "Done."])
    list(loop_of().ask(model, PROMPT, toolbox_of()))
    assert [message.role for message in model.prompts[2].messages] == [
        *("user", "assistant", "user", "assistant", "user"),
    ]
    assert [told(prompt)[0].call_id for prompt in model.prompts[1:]] == ["c1", "c2"]


def test_a_round_is_answered_in_one_message() -> None:
    model = ScriptedModel([CALL, OTHER_CALL, "Done."])
    list(loop_of().ask(model, PROMPT, toolbox_of()))
    assert told(model.prompts[1]) == (
        ToolResult("c1", "A-1 is on its way"),
        ToolResult("c2", "A-2 is on its way"),
    )


@pytest.mark.parametrize(
    ("before", "function", "text"),
    [
        ("One moment.", quiet, "One moment.\n\nDone."),
        ("One moment.\n", quiet, "One moment.\nDone."),
        ("", quiet, "Done."),
        ("", find_order, "Looking for A-1…\nDone."),
    ],
)
def test_text_after_a_tool_is_a_paragraph(
    before: str, function: Callable[..., Any], text: str
) -> None:
    model = ScriptedModel([before, CALL, "Do", "ne."])
    assert "".join(loop_of().ask(model, PROMPT, toolbox_of(function))) == text


def test_a_tool_that_yields_no_word_leaves_no_gap() -> None:
    def silent(order_id: str) -> Generator[str, None, str]:
        """Find an order."""
        yield ""
        return "x"

    model = ScriptedModel(["Look", CALL, "Done."])
    chunks = list(loop_of().ask(model, PROMPT, toolbox_of(silent)))
    assert chunks == ["Look", "\n\nDone."]


def test_two_questions_of_one_turn_do_not_stand_apart() -> None:
    loop, model = loop_of(), ScriptedModel("yes", "yes")
    assert ["".join(loop.ask(model, PROMPT)) for _ in range(2)] == ["yes", "yes"]


def test_what_a_tool_says_is_there_while_it_works() -> None:
    gate = threading.Event()

    def slow(order_id: str) -> Generator[str, None, str]:
        """Find an order."""
        yield "Looking…\n"
        assert gate.wait(5)
        return "found"

    model = ScriptedModel([CALL, "Done."])
    chunks = loop_of().ask(model, PROMPT, toolbox_of(slow))
    assert next(chunks) == "Looking…\n"
    gate.set()
    assert list(chunks) == ["Done."]
    assert told(model.prompts[1]) == (ToolResult("c1", "found"),)


def test_a_model_that_goes_in_circles_is_left() -> None:
    model, ran = ScriptedModel([CALL], repeats=True), []

    def note(order_id: str) -> str:
        """Find an order."""
        ran.append(order_id)
        return "not found"

    list(loop_of().ask(model, PROMPT, toolbox_of(note)))
    assert len(ran) == MAX_TOOL_ROUNDS
    assert told(model.prompts[-1]) == (ToolResult("c1", TOO_MANY, failed=True),)
    assert len(model.prompts) == MAX_TOOL_ROUNDS + 2


def test_a_model_that_stops_has_the_last_word() -> None:
    rounds = [[CALL]] * MAX_TOOL_ROUNDS
    model = ScriptedModel([CALL], *rounds, ["So be it."])
    assert list(loop_of().ask(model, PROMPT, toolbox_of(quiet))) == ["So be it."]


def test_a_tool_is_not_run_when_it_is_too_late() -> None:
    def never(order_id: str) -> str:
        """Find an order."""
        raise AssertionError("run")

    model = ScriptedModel([CALL, "I do not know."])
    readings = iter([25.0, 25.0, RESERVED_SECONDS, RESERVED_SECONDS])
    loop = ToolLoop(lambda: next(readings))
    assert list(loop.ask(model, PROMPT, toolbox_of(never))) == ["I do not know."]
    assert told(model.prompts[1]) == (ToolResult("c1", TOO_LATE, failed=True),)


@pytest.mark.parametrize(("left", "for_the_tool"), [(24.0, 24.0 - RESERVED_SECONDS), (4.0, 3.0)])
def test_a_tool_leaves_the_model_its_time(left: float, for_the_tool: float) -> None:
    asked = []

    class Recorder:
        def run(self, call: ToolCall, seconds: float) -> Generator[str, None, ToolResult]:
            asked.append(seconds)
            return ToolResult(call.id, "x")
            yield

    model = ScriptedModel([CALL, "Done."])
    list(loop_of(left).ask(model, PROMPT, Recorder()))
    assert asked == [for_the_tool]


def test_a_model_that_may_call_need_not() -> None:
    model = ScriptedModel("Hello.")
    assert list(loop_of().ask(model, PROMPT, toolbox_of())) == ["Hello."]
    assert len(model.prompts) == 1


def test_a_call_without_tools_ends_the_answer() -> None:
    model = ScriptedModel(["Hello.", CALL])
    assert list(loop_of().ask(model, PROMPT)) == ["Hello."]
    assert len(model.prompts) == 1


# --- what stops them


def test_closing_stops_the_calls_and_those_to_come() -> None:
    loop, model = loop_of(), ScriptedModel(["a", "b"], "c")
    chunks = loop.ask(model, PROMPT)
    next(chunks)
    loop.close()
    assert list(chunks) == []
    assert list(loop.ask(model, PROMPT)) == []
    assert model.streams[0].closed.is_set()


def test_what_cannot_be_closed_is_left() -> None:
    class StubbornStream(ScriptedStream):
        def close(self) -> None:
            raise OSError("no")

    class StubbornModel:
        def ask(self, prompt: Prompt) -> StubbornStream:
            return StubbornStream(["a", "b"])

    model, loop = ScriptedModel(["a", "b"]), loop_of()
    open_ones = [loop.ask(StubbornModel(), PROMPT), loop.ask(model, PROMPT)]
    assert [next(chunks) for chunks in open_ones] == ["a", "a"]
    loop.close()
    assert model.streams[0].closed.is_set()


def test_closing_between_rounds_asks_the_model_no_more() -> None:
    loop = loop_of()

    def closes(order_id: str) -> str:
        """Find an order."""
        loop.close()
        return "too late"

    model = ScriptedModel([CALL, "never read"])
    assert list(loop.ask(model, PROMPT, toolbox_of(closes))) == []
    assert [answer.completion is None for answer in model.streams] == [False, True]


def test_leaving_an_answer_leaves_the_tool_that_runs() -> None:
    left = threading.Event()

    def talks(order_id: str) -> Iterator[str]:
        """Find an order."""
        try:
            while True:
                yield "on and on\n"
        finally:
            left.set()

    chunks = loop_of().ask(ScriptedModel([CALL]), PROMPT, toolbox_of(talks))
    assert next(chunks) == "on and on\n"
    chunks.close()
    assert left.wait(5)


def test_closing_while_a_call_blocks_ends_it() -> None:
    loop, never = loop_of(), threading.Event()
    chunks = loop.ask(ScriptedModel(["a", never, "b"]), PROMPT)
    assert next(chunks) == "a"
    threading.Thread(target=loop.close).start()
    assert list(chunks) == []


@pytest.mark.parametrize("reason", sorted(CUT_SHORT))
def test_a_tool_call_that_was_cut_short_is_not_run(reason: StopReason) -> None:
    def never(order_id: str = "all") -> str:
        """Cancel orders."""
        raise AssertionError("run")

    ended = Completion("fake", reason, tool_calls=(ToolCall("c1", "never", {}),))
    model = ScriptedModel(["I will", ended])
    assert list(loop_of().ask(model, PROMPT, toolbox_of(never))) == ["I will"]
    assert len(model.prompts) == 1


def test_a_character_may_come_in_two_halves() -> None:
    loop = loop_of()
    chunks = list(loop.ask(ScriptedModel(["Great \ud83d", "\ude00 job"]), PROMPT))
    assert chunks == ["Great \ud83d", "\ude00 job"]
    assert loop.last_text == "Great 😀 job"
