"""What utterances mean, against a table written by hand and against a slower way of reading."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lex_locales import locale_of
from websocket_stack.local.lex.requests import MAX_TEXT_CHARACTERS
from websocket_stack.local.lex.utterances import Interpretation, Understanding, confirmation_of

FILE = """
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


def understanding(text: str) -> Understanding:
    return Understanding(locale_of(text))


BOT = understanding(FILE)


def interpreted(bot: Understanding, utterance: str) -> Interpretation:
    found = bot.understand(utterance)
    assert found
    return found


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
def test_an_utterance_is_understood(utterance: str, intent: str, slots: dict[str, str]) -> None:
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
def test_other_utterances_are_for_the_fallback(utterance: str) -> None:
    assert BOT.understand(utterance) is None


def test_a_bot_without_a_file_understands_nothing() -> None:
    assert Understanding().understand("hello") is None


def test_missing_slots_are_empty() -> None:
    found = BOT.understand("where is my order")
    assert found is not None and found.slots == {"OrderId": None}


def test_the_most_specific_sample_counts() -> None:
    bot = understanding("[Say]\nsay {What}\nsay {What} to {Whom}\n[Thanks]\nsay thanks\n")
    for utterance, intent in (
        ("say hello", "Say"),
        ("say hello to Ann", "Say"),
        ("say thanks", "Thanks"),
        ("say thanks to Ann", "Say"),
    ):
        assert interpreted(bot, utterance).intent == intent
    assert interpreted(bot, "say thanks to Ann").slots == {"What": "thanks", "Whom": "Ann"}


def test_of_equal_samples_the_first_counts() -> None:
    bot = understanding("[One]\nsend {A} off\n[Two]\nsend {B} off\n")
    assert interpreted(bot, "send it off").intent == "One"


# --- answers to what Lex asked


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
def test_a_confirmation_is_a_word_for_yes_or_no(utterance: str, state: str | None) -> None:
    assert confirmation_of(utterance) == state


# --- what only Lex can tell


@pytest.mark.parametrize("sample", ["{X}", "{X} {Y}", "…?!", "{X}!", "go {X}{Y}"])
def test_samples_of_slots_alone_match_nothing(sample: str) -> None:
    bot = understanding(f"[A]\n{sample}\nstay\n")
    assert bot.understand("go there") is None
    assert interpreted(bot, "stay").intent == "A"


# --- whatever is written

WORD = st.text("abcé+.(*", min_size=1, max_size=4).filter(lambda word: word.strip(".("))
# Nothing of it is in a word, so where it begins and ends cannot be mistaken.
VALUE = st.text("XYZ0-É", min_size=1, max_size=6).map(str.strip)


@given(
    words=st.lists(WORD, min_size=1, max_size=5),
    values=st.lists(VALUE, min_size=1, max_size=4),
    begins_with_a_slot=st.booleans(),
)
def test_a_sample_with_filled_slots_matches(
    words: Any, values: Any, begins_with_a_slot: Any
) -> None:
    line, utterance, slots = [], [], {}
    remaining = list(values)
    for number, word in enumerate(words):
        if remaining and (number or begins_with_a_slot):
            slots[f"S{number}"] = remaining.pop()
            line.append(f"{{S{number}}}")
            utterance.append(slots[f"S{number}"])
        line.append(f"w{word}w")
        utterance.append(f"W{word}W")
    bot = understanding(f"[Another]\nanother {{S0}}\n[Meant]\n{' '.join(line)}\n")

    found = bot.understand(" ".join(utterance) + "?")
    assert found is not None and found.intent == "Meant"
    assert found.slots == slots


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
def test_the_longest_utterance_is_read_at_once(utterance: str) -> None:
    slots = " x ".join(f"{{S{number}}}" for number in range(12))
    lines = "\n".join(f"a {slots} x end{number}" for number in range(50))
    bot = understanding(f"[A]\n{lines}\n")
    assert len(utterance) <= MAX_TEXT_CHARACTERS
    # Of this process, and many times what it takes: a regular expression would take years.
    started = time.process_time()
    assert bot.understand(utterance) is None
    assert time.process_time() - started < 0.5
