from __future__ import annotations

import re

import pytest

from fulfillment.markdown.ahead import MAX_UNSEEN_CHARACTERS, Ahead, NeedsMore

LETTERS = re.compile("[a-z]+")


def ahead_of(text: str, *, complete: bool = False) -> Ahead:
    ahead = Ahead()
    ahead.add(text)
    ahead.complete = complete
    return ahead


def test_what_was_read_is_behind() -> None:
    ahead = ahead_of("abc")
    assert (ahead.take(1), ahead.before) == ("a", "a")
    assert (ahead.skip(1, "shown"), ahead.before) == ("shown", "b")
    ahead.add("d")
    assert ahead.take_all(LETTERS) == "cd"
    assert not ahead


def test_looking_at_more_than_there_is_waits_for_it() -> None:
    ahead = ahead_of("ab")
    assert (ahead.peek(2), ahead.glance(3)) == ("ab", "ab")
    with pytest.raises(NeedsMore):
        ahead.peek(3)
    ahead.add("c")
    assert ahead.peek(3) == "abc"


def test_at_the_end_nothing_is_waited_for() -> None:
    ahead = ahead_of("ab", complete=True)
    assert ahead.peek(3) == "ab"
    assert ahead.unseen(LETTERS, ")") == 2
    assert ahead.one_of(["abc"]) == ""


@pytest.mark.parametrize(("text", "length"), [("ab)c", 3), ("ab c", 0), (")", 0)])
def test_what_is_not_shown_has_its_end(text: str, length: int) -> None:
    assert ahead_of(text).unseen(LETTERS, ")") == length


def test_what_is_not_shown_is_waited_for_within_bounds() -> None:
    with pytest.raises(NeedsMore):
        ahead_of("ab").unseen(LETTERS, ")")
    assert ahead_of("a" * (MAX_UNSEEN_CHARACTERS + 1) + ")").unseen(LETTERS, ")") == 0


def test_one_of_several_words_is_known_once_it_is_whole() -> None:
    ahead = ahead_of("<br")
    with pytest.raises(NeedsMore):
        ahead.one_of(["<br>", "<br/>"])
    ahead.add("/>")
    assert ahead.one_of(["<br>", "<br/>"]) == "<br/>"
    assert ahead.one_of(["<hr>"]) == ""
