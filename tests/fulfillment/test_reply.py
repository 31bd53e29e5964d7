from __future__ import annotations

from typing import Any

import pytest

from fulfillment.models.base import Completion, StopReason
from fulfillment.notices import Notices
from fulfillment.outcome import Outcome
from fulfillment.reply import Reply, reply_of
from fulfillment.streaming.text_buffer import TextBuffer

NOTICES = Notices()
REFUSED, RETRACTED = StopReason.REFUSED, StopReason.RETRACTED


def written(
    *chunks: str, error: OSError | None = None, finished: bool = True, cancelled: bool = False
) -> TextBuffer:
    """Return the text of a turn that has ended."""
    text = TextBuffer()
    for chunk in chunks:
        text.write(chunk, 0.0)
    if finished:
        text.finish(0.0, error)
    text.close(cancelled=cancelled)
    return text


def reply(
    *chunks: str,
    stop_reason: StopReason = StopReason.END_TURN,
    of_reply: dict[str, Any] | None = None,
    **of_text: Any,
) -> Reply:
    """Return the reply of a turn that called a tool and then wrote these chunks."""
    completions = [
        Completion("m", StopReason.TOOL_USE),
        Completion("m", stop_reason),
    ]
    return reply_of(written(*chunks, **of_text), completions, NOTICES, **of_reply or {})


@pytest.mark.parametrize(
    ("ended", "outcome", "markdown"),
    [
        (reply("All."), Outcome.COMPLETED, "All."),
        (reply(" \n"), Outcome.EMPTY, NOTICES.empty),
        (reply("Some.", error=OSError()), Outcome.INTERRUPTED, f"Some.\n\n{NOTICES.interrupted}"),
        (reply(error=OSError()), Outcome.FAILED, NOTICES.failed),
        (reply("One. Two", finished=False), Outcome.CUT, f"One.\n\n{NOTICES.cut}"),
        (reply("\n\n\nOn", finished=False), Outcome.CUT, f"On\n\n{NOTICES.cut}"),
        (reply(finished=False), Outcome.FAILED, NOTICES.failed),
        (
            reply("All.", stop_reason=StopReason.MAX_TOKENS),
            Outcome.COMPLETED,
            f"All.\n\n{NOTICES.too_long}",
        ),
        (reply(stop_reason=StopReason.MAX_TOKENS), Outcome.EMPTY, NOTICES.empty),
        (
            reply("No.", stop_reason=StopReason.REFUSED),
            Outcome.COMPLETED,
            f"No.\n\n{NOTICES.withheld}",
        ),
        (reply(stop_reason=StopReason.REFUSED), Outcome.EMPTY, NOTICES.withheld),
        (reply("Not so.", stop_reason=RETRACTED), Outcome.EMPTY, NOTICES.withheld),
        (
            reply("Not so.", stop_reason=RETRACTED, error=OSError()),
            Outcome.EMPTY,
            NOTICES.withheld,
        ),
        (
            reply("Not so.", stop_reason=RETRACTED, finished=False),
            Outcome.EMPTY,
            NOTICES.withheld,
        ),
        (reply("One. Two", finished=False, cancelled=True), Outcome.CANCELLED, "One. Two"),
        (reply(finished=False, cancelled=True), Outcome.CANCELLED, ""),
    ],
)
def test_a_reply_says_how_it_ended(ended: Reply, outcome: Outcome, markdown: str) -> None:
    assert (ended.outcome, ended.markdown) == (outcome, markdown)


def test_a_broken_code_block_is_closed_before_the_notice() -> None:
    ended = reply("```python\nprint(1)", error=OSError())
    assert ended.markdown == f"```python\nprint(1)\n```\n\n{NOTICES.interrupted}"


def test_a_turn_that_asked_no_model_just_ends() -> None:
    ended = reply_of(written("Hello."), (), NOTICES)
    assert ended == Reply(Outcome.COMPLETED, "Hello.", handler_finished=True)


def test_a_stop_reason_matters_to_the_last_text_alone() -> None:
    limited = {"stop_reason": StopReason.MAX_TOKENS}
    assert reply("All of it, cut", **limited, of_reply={"last_text": "it, cut"}).notice
    assert not reply("We open at nine.", **limited, of_reply={"last_text": "opening"}).notice


# --- going on


@pytest.mark.parametrize(
    ("ended", "notice"),
    [
        ({"finished": False}, NOTICES.cut),
        ({"stop_reason": StopReason.MAX_TOKENS}, NOTICES.too_long),
    ],
)
def test_a_truncated_reply_can_be_gone_on_with(ended: dict[str, Any], notice: str) -> None:
    """Where the next turn knows of this one."""
    remembered = reply("One. Two", **ended, of_reply={"can_go_on": True})
    assert (remembered.notice, remembered.truncated) == (f"{notice} {NOTICES.to_go_on}", True)
    forgotten = reply("One. Two", **ended)
    assert (forgotten.notice, forgotten.truncated) == (notice, True)


@pytest.mark.parametrize(
    ("chunks", "ended"),
    [
        (["All."], {}),
        (["Some."], {"error": OSError()}),
        ([], {"error": OSError()}),
        (["No."], {"stop_reason": StopReason.REFUSED}),
        ([], {"stop_reason": StopReason.MAX_TOKENS}),
        (["Stop"], {"finished": False, "cancelled": True}),
    ],
)
def test_there_is_no_going_on_with_anything_else(chunks: list[str], ended: dict[str, Any]) -> None:
    written = reply(*chunks, **ended, of_reply={"can_go_on": True})
    assert not written.truncated
    assert NOTICES.to_go_on not in written.markdown


# --- whether the handler has its way


@pytest.mark.parametrize("stop_reason", [StopReason.END_TURN, StopReason.MAX_TOKENS, REFUSED])
def test_a_handler_that_ended_well_has_finished(stop_reason: StopReason) -> None:
    assert reply("All.", stop_reason=stop_reason).handler_finished


@pytest.mark.parametrize("chunks", [[], ["Some."]])
@pytest.mark.parametrize(
    "ended",
    [
        {"error": OSError()},
        {"finished": False},
        {"stop_reason": StopReason.RETRACTED},
        {"finished": False, "cancelled": True},
    ],
)
def test_a_handler_that_did_not_has_not(chunks: list[str], ended: dict[str, Any]) -> None:
    assert not reply(*chunks, **ended, of_reply={"says_more": True}).handler_finished


def test_a_handler_that_writes_nothing_may_say_more() -> None:
    ended = reply(of_reply={"says_more": True})
    assert ended == Reply(Outcome.COMPLETED, "", handler_finished=True)
    ended = reply()
    assert (ended.outcome, ended.handler_finished) == (Outcome.EMPTY, False)
