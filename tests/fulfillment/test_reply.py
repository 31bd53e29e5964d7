import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import FakeMemory
from fulfillment.lex import events as lex
from fulfillment.lex.dialog_actions import MAX_ADDED_MESSAGES, Action, Button, Card, Decision, Text
from fulfillment.lex.events import LexEvent
from fulfillment.lex.fitting import ESCAPES_NON_ASCII
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import ATTRIBUTE, Conversation
from fulfillment.models.base import Completion, StopReason
from fulfillment.notices import Words
from fulfillment.reply import Reply, exchange_of, reply_of, respond
from fulfillment.settings import Settings
from fulfillment.streaming.text_buffer import Transcript
from fulfillment.telemetry import Outcome
from turns import taken

WORDS = Words()
SETTINGS = Settings()
EVENT = LexEvent("s", "Hi", lex.Intent("FallbackIntent"))
DIALOG = LexEvent("s", "Hi", lex.Intent("Order"), invocation_source="DialogCodeHook")
FORGETFUL = Conversation(None, {})
REMEMBERED = Conversation(FakeMemory(), {})

ELICIT = Action("ElicitSlot", "Size")
CONFIRM = Action("ConfirmIntent")
DELEGATE = Action("Delegate")
FAIL = Action("Close", failed=True)
CARD = Card("Lamp", buttons=[Button("More", "Tell me more")])


def reply(
    *chunks,
    error=None,
    finished=True,
    stop_reason=StopReason.END_TURN,
    decision=None,
    conversation=FORGETFUL,
    last_text="",
):
    transcript = Transcript()
    for chunk in chunks:
        transcript.write(chunk)
    if finished:
        transcript.finish(error)
    transcript.close()
    completions = (
        Completion("m", StopReason.TOOL_USE),
        Completion("m", stop_reason),
    )
    return reply_of(transcript, completions, decision or Decision(), WORDS, conversation, last_text)


def response_of(made, event=EVENT, attributes=None, settings=SETTINGS):
    """Return the response that carries a reply; Lex takes it."""
    response = respond(event, made, attributes or {}, {}, settings, WORDS)
    taken(response, {"invocationSource": event.invocation_source})
    return response


def contents(response):
    return [message.get("content") for message in response.get("messages", ())]


def state_of(made, event=EVENT):
    return response_of(made, event)["sessionState"]["intent"]["state"]


def size_of(response):
    return len(json.dumps(response, ensure_ascii=ESCAPES_NON_ASCII).encode())


# --- how it ended


@pytest.mark.parametrize(
    ("made", "outcome", "markdown"),
    [
        (reply("All."), Outcome.COMPLETED, "All."),
        (reply(" \n"), Outcome.EMPTY, WORDS.empty),
        (reply("Some.", error=OSError()), Outcome.INTERRUPTED, f"Some.\n\n{WORDS.interrupted}"),
        (reply(error=OSError()), Outcome.FAILED, WORDS.failed),
        (reply("One. Two", finished=False), Outcome.CUT, f"One.\n\n{WORDS.cut}"),
        (reply("\n\n\nOn", finished=False), Outcome.CUT, f"On\n\n{WORDS.cut}"),
        (reply(finished=False), Outcome.FAILED, WORDS.failed),
        (
            reply("All.", stop_reason=StopReason.MAX_TOKENS),
            Outcome.COMPLETED,
            f"All.\n\n{WORDS.too_long}",
        ),
        (
            reply("No.", stop_reason=StopReason.REFUSED),
            Outcome.COMPLETED,
            f"No.\n\n{WORDS.withheld}",
        ),
        (reply(stop_reason=StopReason.REFUSED), Outcome.EMPTY, WORDS.withheld),
        (reply("Not so.", stop_reason=StopReason.RETRACTED), Outcome.EMPTY, WORDS.withheld),
        (
            reply("Not so.", stop_reason=StopReason.RETRACTED, error=OSError()),
            Outcome.EMPTY,
            WORDS.withheld,
        ),
        (
            reply("Not so.", stop_reason=StopReason.RETRACTED, finished=False),
            Outcome.EMPTY,
            WORDS.withheld,
        ),
    ],
)
def test_a_reply_says_how_it_ended(made, outcome, markdown):
    assert made.outcome is outcome
    assert made.markdown == markdown


def test_a_turn_that_asked_no_model_just_ends():
    transcript = Transcript()
    transcript.write("Hello.")
    transcript.finish()
    made = reply_of(transcript, (), Decision(), WORDS, FORGETFUL)
    assert made == Reply(Outcome.COMPLETED, "Hello.")


@pytest.mark.parametrize(
    ("made", "said", "cut"),
    [
        (reply("One. Two", finished=False, conversation=REMEMBERED), WORDS.cut, True),
        (
            reply("All.", stop_reason=StopReason.MAX_TOKENS, conversation=REMEMBERED),
            WORDS.too_long,
            True,
        ),
    ],
)
def test_a_reply_that_was_cut_can_be_gone_on_with_where_it_is_remembered(made, said, cut):
    assert made.note == f"{said} {WORDS.to_go_on}"
    assert made.cut is cut


@pytest.mark.parametrize(
    "made",
    [
        reply("All.", conversation=REMEMBERED),
        reply("Some.", error=OSError(), conversation=REMEMBERED),
        reply(error=OSError(), conversation=REMEMBERED),
        reply("No.", stop_reason=StopReason.REFUSED, conversation=REMEMBERED),
        reply(stop_reason=StopReason.MAX_TOKENS, conversation=REMEMBERED),
    ],
)
def test_there_is_no_going_on_with_what_was_not_cut(made):
    assert not made.cut
    assert WORDS.to_go_on not in made.markdown


def test_a_memory_that_failed_promises_nothing():
    def fail():
        raise OSError

    conversation = Conversation(FakeMemory(on_load=fail), {ATTRIBUTE: "a" * 32})
    conversation.load()
    assert reply("One. Two", finished=False, conversation=conversation).note == WORDS.cut


# --- what its function decided


@pytest.mark.parametrize("action", [Action(), FAIL, ELICIT, CONFIRM, DELEGATE])
def test_a_function_that_ends_well_has_its_way(action):
    decision = Decision(action, texts=(Text("More."),))
    for made in (
        reply("All.", decision=decision),
        reply("All.", decision=decision, stop_reason=StopReason.MAX_TOKENS),
        reply("All.", decision=decision, stop_reason=StopReason.REFUSED),
    ):
        assert made.decision == decision


@pytest.mark.parametrize(
    "ended",
    [
        {"error": OSError()},
        {"finished": False},
        {"stop_reason": StopReason.RETRACTED},
    ],
)
@pytest.mark.parametrize("action", [FAIL, ELICIT, CONFIRM, DELEGATE])
@pytest.mark.parametrize("chunks", [(), ("Some.",)])
def test_what_an_unfinished_function_decided_is_dropped(ended, action, chunks):
    decision = Decision(action, "Which?", (Text("More."),), (CARD,))
    made = reply(*chunks, decision=decision, **ended)
    assert made.decision._replace(action=Action()) == Decision()
    # That it had failed is all that is taken from a function which then raised.
    has_raised_after_text = bool(chunks) and "error" in ended
    assert made.decision.action.failed is (has_raised_after_text and action is FAIL)


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        (Decision(ELICIT), Outcome.COMPLETED),
        (Decision(DELEGATE), Outcome.COMPLETED),
        (Decision(CONFIRM, "Shall I?"), Outcome.COMPLETED),
        (Decision(cards=(CARD,)), Outcome.COMPLETED),
        # Lex would have nothing to say.
        (Decision(CONFIRM), Outcome.EMPTY),
        (Decision(FAIL), Outcome.EMPTY),
    ],
)
def test_a_function_that_writes_nothing_may_say_something(decision, outcome):
    assert reply(decision=decision).outcome is outcome


def test_only_a_reply_without_text_of_its_own_is_failed():
    assert state_of(reply("Some.", error=OSError())) == "Fulfilled"
    assert state_of(reply("Some", finished=False)) == "Fulfilled"
    assert state_of(reply(error=OSError())) == "Failed"
    assert state_of(reply("Some.", stop_reason=StopReason.RETRACTED)) == "Failed"
    assert state_of(reply("Some.", decision=Decision(FAIL))) == "Failed"


def test_an_intent_whose_function_raised_is_failed_and_a_fallback_that_had_begun_is_not():
    raised = reply("Booking your table…", error=OSError())
    assert state_of(raised) == "Fulfilled"
    booking = EVENT._replace(intent=lex.Intent("BookTable"))
    assert state_of(raised, booking) == "Failed"
    said_so = reply("Booking…", error=OSError(), decision=Decision(FAIL))
    assert state_of(said_so) == "Failed"


def test_how_a_call_ended_matters_only_if_the_reply_ends_with_it():
    limited = {"stop_reason": StopReason.MAX_TOKENS}
    assert reply("All of it, cut", last_text="it, cut", **limited).note
    assert not reply("We open at nine.", last_text="opening", **limited).note


@pytest.mark.parametrize("ended", [{"error": OSError()}, {"finished": False}])
def test_a_dialog_that_was_not_checked_to_the_end_fulfils_nothing(ended):
    assert state_of(reply("Some.", **ended), DIALOG) == "Failed"
    fallback = DIALOG._replace(intent=EVENT.intent)
    assert state_of(reply("Some.", **ended), fallback) == "Fulfilled"


# --- the response


def test_what_was_written_stands_before_the_question_and_the_cards():
    decision = Decision(ELICIT, "Which size?", (Text("One", "PlainText"),), (CARD,))
    response = response_of(reply("We have lamps.", decision=decision), DIALOG)
    assert response["sessionState"]["dialogAction"] == {
        "type": "ElicitSlot",
        "slotToElicit": "Size",
    }
    assert contents(response) == ["We have lamps.", "One", "Which size?", None]


def test_without_a_word_lex_asks_by_itself():
    assert "messages" not in response_of(reply(decision=Decision(ELICIT)), DIALOG)


def test_what_is_left_to_lex_has_no_messages_of_its_own():
    decision = Decision(DELEGATE, texts=(Text("One"),), cards=(CARD,))
    response = response_of(reply("Checking…", decision=decision), DIALOG)
    assert "messages" not in response
    assert response["sessionState"]["intent"]["state"] == "InProgress"


@pytest.mark.parametrize("action", [CONFIRM, Action("ElicitIntent")])
def test_a_question_that_lex_has_no_words_for_is_never_asked_without(action):
    assert contents(response_of(reply("Well?", decision=Decision(action)))) == ["Well?"]
    response = response_of(reply(decision=Decision(action)))
    assert contents(response) == [WORDS.empty]
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}


def test_html_is_neutralised_wherever_it_is_rendered():
    html = "<img src=x>"
    texts = (Text(html), Text(html, "PlainText"), Text(f"<speak>{html}</speak>", "SSML"))
    made = reply(html, decision=Decision(CONFIRM, html, texts, (Card(html),)))
    response = response_of(made)
    assert contents(response) == [
        "&lt;img src=x>",
        "&lt;img src=x>",
        html,
        f"<speak>{html}</speak>",
        "&lt;img src=x>",
        None,
    ]
    assert response["messages"][-1]["imageResponseCard"]["title"] == html
    allowed = response_of(made, settings=Settings(allow_html=True))
    assert contents(allowed)[:2] == [html, html]


def test_large_attributes_leave_room_for_the_notice_at_least():
    attributes = {"history": "x" * 30_000}
    response = response_of(reply("word " * 5_000), attributes=attributes)
    assert response["messages"] == [{"contentType": "CustomPayload", "content": WORDS.too_long}]
    assert response["sessionState"]["sessionAttributes"] == attributes


def test_attributes_count_towards_the_size_of_the_response():
    response = response_of(reply("word " * 5_000), attributes={"history": "x" * 10_000})
    assert 20_000 < size_of(response) <= 24_000


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 30_000),
    st.lists(st.integers(1, 1_400), max_size=MAX_ADDED_MESSAGES),
    st.integers(0, 400),
    st.integers(0, 3),
    st.sampled_from("a字😀<\n"),
)
def test_a_long_reply_and_all_else_fit_together(length, texts, prompt, cards, character):
    cards = min(cards, MAX_ADDED_MESSAGES - len(texts))
    decision = Decision(
        CONFIRM,
        "Q" * prompt,
        tuple(Text("word " * (size // 5) + "x") for size in texts),
        (Card("t" * 250, "s" * 250, "u" * 250, [Button("b" * 50, "v" * 50)] * 5),) * cards,
    )
    written = (character * 9 + " ") * (length // 10)
    response = response_of(reply(written, decision=decision))
    assert size_of(response) <= 24_000
    said = contents(response)
    further = [each.content for each in decision.messages if isinstance(each, Text)]
    assert [text for text in said if text in further][-len(further) :] == further
    assert sum(text is None for text in said) == cards


# --- what is remembered


@pytest.mark.parametrize(
    ("made", "exchange"),
    [
        (reply("All."), Exchange("Hi", "All.")),
        (reply("One. Two", finished=False), Exchange("Hi", "One.", cut=True)),
        (reply("All", stop_reason=StopReason.MAX_TOKENS), Exchange("Hi", "All", cut=True)),
        (reply("Some.", error=OSError()), Exchange("Hi", "Some.")),
        (reply(error=OSError()), Exchange("Hi", "")),
        (reply(finished=False), Exchange("Hi", "")),
        (reply(""), Exchange("Hi", "")),
        (reply("Not so.", stop_reason=StopReason.RETRACTED), Exchange("Hi", "")),
        (reply("Checking…", decision=Decision(DELEGATE)), Exchange("Hi", "")),
        (
            reply("All.", decision=Decision(CONFIRM, "Shall I?", (Text("More."),), (CARD,))),
            Exchange("Hi", "All.\n\nMore.\n\nShall I?"),
        ),
        (reply(decision=Decision(ELICIT, "Which?")), Exchange("Hi", "Which?")),
        (reply(decision=Decision(ELICIT)), Exchange("Hi", "")),
    ],
)
def test_what_was_said_is_remembered_and_not_what_was_said_about_it(made, exchange):
    assert exchange_of(EVENT, made) == exchange


def test_a_picture_is_a_link_unless_it_is_allowed():
    picture = reply("![a](https://a.example/p.png)")
    assert contents(response_of(picture)) == ["\\![a](https://a.example/p.png)"]
    allowed = response_of(picture, settings=Settings(allow_pictures=True))
    assert contents(allowed) == [picture.written]
