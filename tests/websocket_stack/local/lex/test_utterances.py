"""What utterances mean, against a table written by hand and against a slower way of reading."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_stack.local.lex.requests import MAX_TEXT_CHARACTERS
from websocket_stack.local.lex.utterances import Understanding, UtterancesError, confirmation_of

ROOT = Path(__file__).resolve().parents[4]

FILE = """
# Orders.
[TrackOrder]
where is my order
where is order {OrderId}
track order {OrderId}, please
{OrderId}: What is your order's number?

[BookTable]
a table for {Guests} at {Time}
book a table (any size)
{Guests}: For how many?
{Time}: At what time?

[Price]
how much is {Article} in {Currency}?
{Article}'s price
c++ for $5 [new] *** a|b ^x \\d

[Bestellung]
wo ist die Bestellung {OrderId}
wie groß ist {Article}

[Pedido]
¿Dónde está mi pedido?

[Order]
注文{OrderId}はどこですか
"""

BOT = Understanding(FILE)


def understood(utterance: str) -> tuple[str, dict[str, str]] | None:
    """Return the intent of an utterance and the slots that it fills, the others left out."""
    found = BOT.understand(utterance)
    if found is None:
        return None
    return found.intent, {slot: value for slot, value in found.slots.items() if value is not None}


# --- what utterances mean


@pytest.mark.parametrize(
    ("utterance", "intent", "slots"),
    [
        ("where is my order", "TrackOrder", {}),
        ("Where is my order?", "TrackOrder", {}),
        ("  WHERE   IS\tmy\norder …", "TrackOrder", {}),
        ("Where is order A-17?", "TrackOrder", {"OrderId": "A-17"}),
        ("where is order  a 17 b!", "TrackOrder", {"OrderId": "a 17 b"}),
        ("Track order A-17 please", "TrackOrder", {"OrderId": "A-17"}),
        ("Track order A-17, please.", "TrackOrder", {"OrderId": "A-17"}),
        ("track order 3.14, please", "TrackOrder", {"OrderId": "3.14"}),
        # A slot is as it was written, with what stands within it.
        ("where is order Track THIS, Please", "TrackOrder", {"OrderId": "Track THIS, Please"}),
        ("a table for Two at 8:30 pm", "BookTable", {"Guests": "Two", "Time": "8:30 pm"}),
        # A slot is as short as it can be, so the rest is the next one's.
        ("a table for 2 at 8 at noon", "BookTable", {"Guests": "2", "Time": "8 at noon"}),
        ("book a table (any size)", "BookTable", {}),
        ("How much is A, B in US$?", "Price", {"Article": "A, B", "Currency": "US$"}),
        ("The Lamp's price?", "Price", {"Article": "The Lamp"}),
        (r"C++ for $5 [NEW] *** A|B ^X \D", "Price", {}),
        ("WO IST DIE BESTELLUNG Ä-17?", "Bestellung", {"OrderId": "Ä-17"}),
        ("wie GROSS ist Straße 5", "Bestellung", {"Article": "Straße 5"}),
        ("wie groß ist der Straßenbahnwagen", "Bestellung", {"Article": "der Straßenbahnwagen"}),
        ("¿dónde está mi pedido?", "Pedido", {}),
        ("Dónde está mi pedido", "Pedido", {}),
        # The accents as a Mac writes them in file names: a letter, and an accent of its own.
        ("do\u0301nde esta\u0301 mi pedido", "Pedido", {}),
        ("注文A-17はどこですか？", "Order", {"OrderId": "A-17"}),
    ],
)
def test_an_utterance_is_understood(utterance, intent, slots) -> None:
    assert understood(utterance) == (intent, slots)


@pytest.mark.parametrize(
    "utterance",
    [
        "",
        "?",
        " ",
        "where is my",
        "where is my order now",
        "so where is my order",
        "where is order",
        "where is order ?",
        "where is order !!!",
        "track order A-17",
        "a table for at 8",
        "a table for 2 at",
        "book a table any size",
        "'s price",
        # No word of a file is a regular expression.
        "cc for $5 [new] *** a|b ^x 7",
        "c++ for $5 n *** a ^x \\d",
        "注文はどこですか",
    ],
)
def test_other_utterances_are_for_the_fallback(utterance) -> None:
    assert BOT.understand(utterance) is None


def test_a_bot_without_a_file_understands_nothing() -> None:
    assert Understanding().understand("hello") is None
    assert Understanding("# nothing yet\n").understand("hello") is None


def test_missing_slots_are_empty() -> None:
    found = BOT.understand("where is my order")
    assert found is not None and found.slots == {"OrderId": None}


def test_the_most_specific_sample_counts() -> None:
    bot = Understanding("[Say]\nsay {What}\nsay {What} to {Whom}\n[Thanks]\nsay thanks\n")
    for utterance, intent in (
        ("say hello", "Say"),
        ("say hello to Ann", "Say"),
        ("say thanks", "Thanks"),
        ("say thanks to Ann", "Say"),
    ):
        assert bot.understand(utterance).intent == intent
    assert bot.understand("say thanks to Ann").slots == {"What": "thanks", "Whom": "Ann"}


def test_of_equal_samples_the_first_counts() -> None:
    bot = Understanding("[One]\nsend {A} off\n[Two]\nsend {B} off\n")
    assert bot.understand("send it off").intent == "One"


# --- what Lex asks


def test_prompts_are_in_the_order_of_the_file() -> None:
    assert list(BOT.prompts_of("BookTable").items()) == [
        ("Guests", "For how many?"),
        ("Time", "At what time?"),
    ]
    assert BOT.prompts_of("Price") == {}
    assert BOT.prompts_of("FallbackIntent") == {}


def test_slots_of_samples_and_prompts() -> None:
    bot = Understanding("[A]\n{One}: One?\ntake {Two} and {One}\n{Three}: Three: 3?\n")
    assert bot.slots_of("A") == ["One", "Two", "Three"]
    assert bot.prompts_of("A") == {"One": "One?", "Three": "Three: 3?"}
    assert bot.slots_of("B") == []


def test_an_intent_may_be_written_in_two_parts() -> None:
    bot = Understanding("[A]\nfirst {X}\n[B]\nother\n[A]\nsecond {Y}\n")
    assert bot.slots_of("A") == ["X", "Y"]
    assert bot.understand("second 2").slots == {"X": None, "Y": "2"}


@pytest.mark.parametrize(
    ("utterance", "state"),
    [
        ("yes", "Confirmed"),
        ("Yes, please!", "Confirmed"),
        ("OK.", "Confirmed"),
        ("no", "Denied"),
        ("No, thanks.", "Denied"),
        ("Nein!", "Denied"),
        ("yes and no", None),
        ("know", None),
        ("", None),
        ("?", None),
    ],
)
def test_a_confirmation_is_a_word_for_yes_or_no(utterance, state) -> None:
    assert confirmation_of(utterance) == state


# --- the file


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("begins", ["", "\ufeff"])
def test_a_file_of_any_system_is_read(begins, ends) -> None:
    bot = Understanding(begins + FILE.strip().replace("\n", ends))
    assert bot.understand("where is order 5").slots == {"OrderId": "5"}
    assert bot.prompts_of("TrackOrder") == {"OrderId": "What is your order's number?"}


def test_indents_and_spaces_do_not_matter() -> None:
    bot = Understanding("  [ A ]\n\tgo to {X}  \n {X}  :  Where?\n")
    assert bot.understand("go to Leeds").slots == {"X": "Leeds"}
    assert bot.prompts_of("A") == {"X": "Where?"}


def test_slots_have_lexs_names() -> None:
    bot = Understanding("[A]\nfrom {1st} to {Order-Id} by {a_b}\n")
    assert bot.understand("from x to y by z").slots == {"1st": "x", "Order-Id": "y", "a_b": "z"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{X}", "it has no words"),
        ("{X} {Y}", "it has no words"),
        ("…?!", "it has no words"),
        ("{X}!", "it has no words"),
        ("go {X}{Y}", "nothing separates two slots"),
        ("from {X} to {X}", "the same slot twice"),
        ("from {X to}", "a slot is written {LikeThis}"),
        ("from {Order Id}", "a slot is written {LikeThis}"),
        ("from {}", "a slot is written {LikeThis}"),
        ("from {_x}", "a slot is written {LikeThis}"),
        ("from {" + "x" * 101 + "}", "a slot is written {LikeThis}"),
        ("{X}:", "the question is missing"),
        ("{X} : ", "the question is missing"),
        ("[Track Order]", "an intent is written [LikeThis]"),
        ("[A.B]", "an intent is written [LikeThis]"),
        ("[注文]", "an intent is written [LikeThis]"),
        ("[A", "an intent is written [LikeThis]"),
    ],
)
def test_a_wrong_line_is_named(line, reason) -> None:
    with pytest.raises(UtterancesError) as refused:
        Understanding(f"# A comment\n\n[A]\ngo\n{line}\nstay\n")
    assert str(refused.value).startswith("line 5: ")
    assert reason in str(refused.value)


def test_an_utterance_of_no_intent_is_refused() -> None:
    with pytest.raises(UtterancesError, match=r"^line 2: comes before the first \[IntentName\]$"):
        Understanding("# Orders\nwhere is my order\n[TrackOrder]\n")


def test_the_example_is_understood() -> None:
    bot = Understanding((ROOT / "examples/order_tracking.utterances").read_text("utf-8"))
    assert bot.understand("Where is my order?").intent == "TrackOrder"
    assert bot.understand("track order B-2").slots == {"OrderId": "B-2"}
    assert list(bot.prompts_of("TrackOrder")) == ["OrderId"]


# --- whatever is written

WORD = st.text("abcé+.(*", min_size=1, max_size=4).filter(lambda word: word.strip(".("))
# Nothing of it is in a word, so where it begins and ends cannot be mistaken.
VALUE = st.text("XYZ0-É", min_size=1, max_size=6).map(str.strip)


@given(
    words=st.lists(WORD, min_size=1, max_size=5),
    values=st.lists(VALUE, min_size=1, max_size=4),
    begins_with_a_slot=st.booleans(),
)
def test_a_sample_with_filled_slots_matches(words, values, begins_with_a_slot):
    line, utterance, slots = [], [], {}
    remaining = list(values)
    for number, word in enumerate(words):
        if remaining and (number or begins_with_a_slot):
            slots[f"S{number}"] = remaining.pop()
            line.append(f"{{S{number}}}")
            utterance.append(slots[f"S{number}"])
        line.append(f"w{word}w")
        utterance.append(f"W{word}W")
    bot = Understanding(f"[Another]\nanother {{S0}}\n[Meant]\n{' '.join(line)}\n")

    found = bot.understand(" ".join(utterance) + "?")
    assert found is not None and found.intent == "Meant"
    assert found.slots == slots


@given(st.text(max_size=80))
def test_a_file_is_read_or_refused(text):
    try:
        Understanding(text).understand(text)
    except UtterancesError as refused:
        assert re.match(r"line \d+: ", str(refused))


# --- how long it takes


@pytest.mark.parametrize(
    "utterance",
    [
        "x " * 512,
        "x" * MAX_TEXT_CHARACTERS,
        "a x " * 256,
        "." * (MAX_TEXT_CHARACTERS - 1) + "x",
        "! " * 512,
        "ß" * MAX_TEXT_CHARACTERS,
    ],
)
def test_the_longest_utterance_is_read_at_once(utterance) -> None:
    slots = " x ".join(f"{{S{number}}}" for number in range(12))
    lines = "\n".join(f"a {slots} x end{number}" for number in range(50))
    bot = Understanding(f"[A]\n{lines}\n")
    assert len(utterance) <= MAX_TEXT_CHARACTERS
    # Of this process, and many times what it takes: a regular expression would take years.
    started = time.process_time()
    assert bot.understand(utterance) is None
    assert time.process_time() - started < 0.5
