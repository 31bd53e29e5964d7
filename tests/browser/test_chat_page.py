"""What the local stack's own chat page has beside what both chat pages have."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from browser.paced_model import paced
from browser.pages import ChatPage, OwnPage
from stack_fixture import connection_of, wait_until_unregistered

pytestmark = pytest.mark.parametrize("visited", [OwnPage], ids=["own-page"], indirect=True)

STORY = "There was a lighthouse and its keeper, and they looked after each other. "


def seconds(chat: ChatPage, metric: str) -> float:
    return float(chat.tab.locator(metric).inner_text().split()[0])


def test_a_question_and_the_next_one_need_no_mouse(chat, model):
    model.writes("**Here** you are.")
    for count in (1, 2):
        expect(chat.tab.locator("#question")).to_be_focused()
        chat.tab.keyboard.type("What now?")
        chat.tab.keyboard.press("Enter")
        expect(chat.replies).to_have_count(count)


def test_the_panel_says_when_the_first_text_came_and_in_how_many_frames(chat, model):
    first, second = threading.Event(), threading.Event()
    model.writes("One piece, ", first, "and another, ", second, "and the end.")
    chat.ask("In pieces?")
    expect(chat.bubble).to_contain_text("One piece,")
    first.set()
    expect(chat.bubble).to_contain_text("and another,")
    second.set()
    expect(chat.replies).to_have_count(1)
    assert int(chat.tab.locator("#frames").inner_text()) >= 4
    assert 0 < seconds(chat, "#first-text") < seconds(chat, "#total")


def test_as_lex_web_ui_shows_it_the_first_words_come_half_a_second_later(user, model):
    chat = user.new_tab()
    chat.open()
    chat.tab.locator("#as-lex-web-ui").check()
    model.writes(*paced(STORY, 1 / 60), 0.5)
    chat.ask("lighthouse?")
    expect(chat.replies).to_contain_text("each other.")
    assert 0.5 <= seconds(chat, "#first-text") < seconds(chat, "#total")


def test_in_the_console_test_window_the_reply_comes_in_one_piece(user, model):
    chat = user.new_tab()
    chat.open()
    chat.tab.locator("#as-console").check()
    model.writes(*paced(STORY, 1 / 60))
    chat.ask("lighthouse?")
    expect(chat.replies).to_contain_text("each other.")
    assert chat.tab.locator("#frames").inner_text() == "0"


def test_it_connects_again_and_the_reply_goes_on(user, model, dynamodb, connections):
    chat = user.new_tab()
    session_id = chat.take_session("a9a1")
    chat.open()
    closed, seen = threading.Event(), threading.Event()
    model.writes("It begins", closed, " again, ", "after a while", seen, " and ends.")
    chat.ask("And then?")
    expect(chat.bubble).to_contain_text("It begins")
    connections.delete_connection(ConnectionId=connection_of(dynamodb, session_id))
    wait_until_unregistered(dynamodb, session_id)
    closed.set()
    expect(chat.bubble).to_contain_text("It begins again, after a while")
    seen.set()
    expect(chat.replies).to_contain_text("It begins again, after a while and ends.")


def test_without_a_connection_the_reply_still_comes(chat, model):
    chat.tab.locator("#reconnect").click()
    expect(chat.tab.locator("#status")).to_contain_text("closed")
    model.writes("In one piece.")
    chat.ask("And now?")
    expect(chat.replies).to_contain_text("In one piece.")
    chat.tab.locator("#reconnect").click()
    expect(chat.tab.locator("#status")).to_have_text("open")


def test_a_question_that_lex_refuses_is_given_back(chat):
    too_long = "x" * 1025
    chat.ask(too_long)
    expect(chat.tab.locator(chat.FAILED)).to_be_visible()
    expect(chat.tab.locator("#question")).to_have_value(too_long)
