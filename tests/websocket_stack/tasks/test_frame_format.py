from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import MAX_FRAME_BYTES, Ending
from websocket_stack.tasks.frame_format import MAX_WHOLE_CHARACTERS, framing_of, refusal
from websocket_stack.tasks.protocol import MAX_ID_BYTES, Address

TASK, MESSAGE = Address("task", "000001"), Address("message")
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\x00"\\ü😀'))


def said(frames: Any) -> Any:
    return [json.loads(frame.payload) for frame in frames]


@given(TEXT, st.integers(1, 20_000))
def test_frames_carry_all_text_and_fit(text: Any, times: Any) -> None:
    text = (text * times)[:100_000]
    for address in (Address("task", "x" * (MAX_ID_BYTES - 2)), MESSAGE):
        frames = framing_of(address).frames(text, 0) if text else ()
        texts = [frame.get("response", frame.get("text")) for frame in said(frames)]
        assert "".join(texts) == text
        assert sum(frame.characters for frame in frames) == len(text)
        assert all(len(frame.payload.encode()) <= MAX_FRAME_BYTES for frame in frames)


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("address", [TASK, MESSAGE])
def test_the_end_is_one_and_last(address: Address, outcome: Outcome, is_whole: bool) -> None:
    frames = said(framing_of(address, is_whole=is_whole).end(Ending(outcome, "Sorry.", "text")))
    ends = [frame for frame in frames if not isinstance(frame.get("response", ""), str)]
    ends += [frame for frame in frames if frame.get("type") == "end"]
    assert ends == frames[-1:]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INTERRUPTED])
def test_a_failed_task_says_so(outcome: Outcome) -> None:
    (frame,) = said(framing_of(TASK).end(Ending(outcome, "Sorry.")))
    assert frame["status"] == "Fail"
    assert frame["response"]["errorMessage"] == "Sorry."


def test_text_that_may_be_missing_is_a_failure() -> None:
    (frame,) = said(framing_of(TASK).end(Ending("completed", is_whole=False)))
    assert (frame["status"], frame["response"]["errorType"]) == ("Fail", "Incomplete")


def test_a_notice_stands_in_a_paragraph_of_its_own() -> None:
    notice, _ = said(framing_of(TASK).end(Ending("cut", "There is more.", "It is")))
    assert notice["response"] == "\n\nThere is more."
    (whole,) = said(framing_of(TASK, is_whole=True).end(Ending("cut", "More.", "It is")))
    assert json.loads(whole["response"]["body"]) == {"output": "It is\n\nMore."}


def test_a_whole_reply_fits_into_a_message() -> None:
    text = '"' * (2 * MAX_WHOLE_CHARACTERS)
    (frame,) = framing_of(TASK, is_whole=True).end(Ending("completed", text=text))
    assert len(frame.payload.encode()) <= 128 * 1024


def test_detail_is_for_those_that_ask_for_it() -> None:
    ending = Ending("completed", usage={"outputTokens": 7})
    (plain,) = said(framing_of(TASK).end(ending))
    (detailed,) = said(framing_of(TASK, detail=True).end(ending))
    assert plain["response"].keys() == {"statusCode", "body"}
    assert detailed["response"]["usage"] == {"outputTokens": 7}
    assert detailed["response"]["outcome"] == "completed"


def test_a_refusal_ends_what_it_refuses() -> None:
    assert [json.loads(each)["type"] for each in refusal(MESSAGE, "X", "No.")] == ["delta", "end"]
    (task,) = [json.loads(each) for each in refusal(TASK, "X", "No.")]
    assert task["response"] == {"errorType": "X", "errorMessage": "No.", "trace": []}
