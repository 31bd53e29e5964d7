import json

import pytest

from fulfillment import lex
from fulfillment.closing import ESCAPES_NON_ASCII, reply_of, respond
from fulfillment.lex import LexEvent
from fulfillment.models.base import Completion
from fulfillment.settings import Settings
from fulfillment.telemetry import Outcome
from fulfillment.transcript import Transcript
from fulfillment.words import Words

WORDS = Words()
EVENT = LexEvent("s", "Hi", lex.Intent("FallbackIntent"))


def reply(*chunks, error=None, finished=True, stop_reason="end_turn"):
    transcript = Transcript()
    for chunk in chunks:
        transcript.write(chunk)
    if finished:
        transcript.finish(error)
    transcript.close()
    return reply_of(transcript, (Completion("m", stop_reason),), WORDS)


@pytest.mark.parametrize(
    ("made", "outcome", "markdown"),
    [
        (reply("All."), Outcome.COMPLETED, "All."),
        (reply(" \n"), Outcome.EMPTY, WORDS.empty),
        (reply("Some.", error=OSError()), Outcome.INTERRUPTED, f"Some.\n\n{WORDS.interrupted}"),
        (reply(error=OSError()), Outcome.FAILED, WORDS.failed),
        (reply("One. Two", finished=False), Outcome.CUT, f"One.\n\n{WORDS.cut}"),
        (reply(finished=False), Outcome.FAILED, WORDS.failed),
        (reply("All.", stop_reason="max_tokens"), Outcome.COMPLETED, f"All.\n\n{WORDS.too_long}"),
        (reply("No.", stop_reason="refusal"), Outcome.COMPLETED, f"No.\n\n{WORDS.withheld}"),
        (reply(stop_reason="refusal"), Outcome.EMPTY, WORDS.withheld),
    ],
)
def test_a_reply_says_how_it_ended(made, outcome, markdown):
    assert made.outcome is outcome
    assert made.markdown == markdown


def test_only_a_reply_without_text_of_its_own_is_failed():
    def state(made):
        response = respond(EVENT, made, {}, Settings(), WORDS)
        return response["sessionState"]["intent"]["state"]

    assert state(reply("Some.", error=OSError())) == "Fulfilled"
    assert state(reply("Some", finished=False)) == "Fulfilled"
    assert state(reply(error=OSError())) == "Failed"


def test_large_attributes_leave_room_for_the_notice_at_least():
    attributes = {"history": "x" * 30_000}
    response = respond(EVENT, reply("word " * 5_000), attributes, Settings(), WORDS)
    assert response["messages"] == [{"contentType": "CustomPayload", "content": WORDS.too_long}]
    assert response["sessionState"]["sessionAttributes"] == attributes


def test_attributes_count_towards_the_size_of_the_response():
    attributes = {"history": "x" * 10_000}
    response = respond(EVENT, reply("word " * 5_000), attributes, Settings(), WORDS)
    size = len(json.dumps(response, ensure_ascii=ESCAPES_NON_ASCII).encode())
    assert 20_000 < size <= 24_000
