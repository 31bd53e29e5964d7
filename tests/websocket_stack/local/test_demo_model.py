"""The embedded model, on a fake clock."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from fulfillment.models.base import Message, Prompt
from websocket_stack.local.demo_model import (
    NOTHING_FOUND,
    THINKING_SECONDS,
    DemoModel,
    reply_to,
    tokens_of,
)
from websocket_stack.local.passages import Library, Passage

LAMPS = Passage("docs/lamps.md", "Lamps", "The lamp of a lighthouse turns once in ten seconds.")
FOG = Passage("README.md", "Fog", "In fog the horn sounds twice a minute.")
LIBRARY = Library([LAMPS, FOG])


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
    return DemoModel(LIBRARY, tokens_per_second, sleeper.clock, sleeper.sleep)


def test_a_reply_quotes_the_passage_and_names_its_source() -> None:
    assert reply_to("How does the lamp turn?", LIBRARY) == (
        "The lamp of a lighthouse turns once in ten seconds.\n\n*From docs/lamps.md, “Lamps”.*"
    )


def test_a_question_it_knows_nothing_of_is_answered_with_what_it_is() -> None:
    assert reply_to("quantum chromodynamics", LIBRARY) == NOTHING_FOUND
    assert reply_to("", Library([])) == NOTHING_FOUND


def test_the_chunks_are_the_reply() -> None:
    answer = model(Sleeper()).ask(prompt("How does the lamp turn?"))

    assert "".join(answer) == reply_to("How does the lamp turn?", LIBRARY)


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
def test_tokens_joined_are_the_text(text) -> None:
    assert "".join(tokens_of(text)) == text


def test_a_token_is_about_four_characters_and_the_space_before_them() -> None:
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


def test_it_never_sleeps_a_negative_time() -> None:
    sleeper = Sleeper(oversleeps=5.0)
    list(model(sleeper).ask(prompt("lamp")))

    assert min(sleeper.slept) == 0.0


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


def test_the_limit_of_tokens_ends_the_reply() -> None:
    answer = model(Sleeper()).ask(prompt("lamp", max_tokens=3))

    assert list(answer) == ["The", " lamp", " of"]
    assert answer.completion is not None
    assert (answer.completion.stop_reason, answer.completion.output_tokens) == ("max_tokens", 3)


def test_a_closed_answer_stops_and_is_not_complete() -> None:
    answer = model(Sleeper()).ask(prompt("lamp"))
    written = []
    for chunk in answer:
        written.append(chunk)
        if len(written) == 2:
            answer.close()

    assert written == ["The", " lamp"]
    assert answer.completion is None


def test_the_last_message_is_the_question() -> None:
    conversation = Prompt(
        (Message("user", "lamp"), Message("assistant", "turns"), Message("user", "horn in fog"))
    )

    assert "".join(model(Sleeper()).ask(conversation)).startswith("In fog the horn")
