"""What the local stack's own chat page has that Lex Web UI has not."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import expect

from fulfillment.errors import ModelInterrupted
from tests.browser.paced_model import PacedModel, paced
from tests.browser.pages import ChatPage, OwnPage
from tests.browser.sites import User
from tests.stack_fixture import connection_of, wait_until_unregistered

pytestmark = pytest.mark.parametrize("visited", [OwnPage], ids=["own-page"], indirect=True)

STORY = "There was a lighthouse and its keeper, and they looked after each other. "


def seconds(chat: ChatPage, metric: str) -> float:
    return float(chat.tab.locator(metric).inner_text().split()[0])


def test_a_question_and_the_next_one_need_no_mouse(chat: ChatPage, model: PacedModel) -> None:
    model.writes("**Here** you are.")
    for count in (1, 2):
        expect(chat.tab.locator("#question")).to_be_focused()
        chat.tab.keyboard.type("What now?")
        chat.tab.keyboard.press("Enter")
        expect(chat.replies).to_have_count(count)


def test_the_panel_says_when_the_first_text_came_and_in_how_many_frames(
    chat: ChatPage, model: PacedModel
) -> None:
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


def test_lex_web_ui_shows_words_later(user: Any, model: Any) -> None:
    """By half a second."""
    chat = user.new_tab()
    chat.open()
    chat.tab.locator("#as-lex-web-ui").check()
    model.writes(*paced(STORY, 1 / 60), 0.5)
    chat.ask("lighthouse?")
    expect(chat.replies).to_contain_text("each other.")
    assert 0.5 <= seconds(chat, "#first-text") < seconds(chat, "#total")


def test_in_the_console_test_window_the_reply_comes_in_one_piece(
    user: User, model: PacedModel
) -> None:
    chat = user.new_tab()
    assert isinstance(chat, OwnPage)
    chat.open()
    chat.choose_door("console", "off")
    model.writes(*paced(STORY, 1 / 60))
    chat.ask("lighthouse?")
    expect(chat.replies).to_contain_text("each other.")
    assert chat.tab.locator("#frames").inner_text() == "0"


def test_it_connects_again_and_the_reply_goes_on(
    user: User, model: PacedModel, dynamodb: Any, connections: Any
) -> None:
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


def test_without_a_connection_the_reply_still_comes(chat: ChatPage, model: PacedModel) -> None:
    chat.tab.locator("#reconnect").click()
    expect(chat.tab.locator("#status")).to_contain_text("closed")
    model.writes("In one piece.")
    chat.ask("And now?")
    expect(chat.replies).to_contain_text("In one piece.")
    chat.tab.locator("#reconnect").click()
    expect(chat.tab.locator("#status")).to_have_text("open")


def test_a_question_that_lex_refuses_is_given_back(chat: ChatPage) -> None:
    too_long = "x" * 1025
    chat.ask(too_long)
    expect(chat.tab.locator(chat.FAILED)).to_be_visible()
    expect(chat.tab.locator("#question")).to_have_value(too_long)


def test_markdown_is_rendered_while_it_is_written(chat: Any, model: Any) -> None:
    seen = threading.Event()
    model.writes("A **bold** word\n\n```sh\nscripts/serve\n", seen, "```\nThe end.")
    chat.ask("Markdown?")
    expect(chat.bubble.locator("strong")).to_have_text("bold")
    expect(chat.bubble.locator("pre")).to_contain_text("scripts/serve")
    seen.set()
    expect(chat.replies).to_contain_text("The end.")
    expect(chat.replies.get_by_role("button", name="Copy")).to_have_count(1)


def test_a_question_is_sent_again(chat: Any, model: Any) -> None:
    model.writes("Here.")
    chat.ask("Where?")
    expect(chat.replies).to_have_count(1)
    chat.tab.get_by_role("button", name="Send again").click()
    expect(chat.replies).to_have_count(2)
    assert model.prompts[-1].messages[-1].text == "Where?"


def test_a_turn_can_be_inspected(chat: Any, model: Any) -> None:
    inspector = chat.tab.locator("#inspector")
    for text in ("First.", "Second."):
        model.writes(text)
        chat.ask(f"{text}?")
        expect(chat.replies.last).to_have_text(text)
    expect(inspector).to_contain_text("FallbackIntent")
    calls = inspector.locator("summary", has_text="Model call")
    calls.click()
    expect(inspector).to_contain_text("Second.?")
    chat.tab.get_by_role("button", name="Inspect").first.click()
    calls.click()
    expect(inspector).to_contain_text("First.?")
    expect(inspector).not_to_contain_text("Second.?")


def test_on_a_small_screen_inspect_goes_to_the_panel(chat: Any, model: Any) -> None:
    size = chat.tab.viewport_size
    turn = chat.tab.locator("#turn")
    expect(turn).to_be_hidden()
    chat.tab.set_viewport_size({"width": 390, "height": 844})
    model.writes("Here.")
    chat.ask("Where?")
    expect(chat.replies).to_have_count(1)
    expect(turn).not_to_be_in_viewport(ratio=0.1)
    chat.tab.get_by_role("button", name="Inspect").click()
    expect(turn).to_be_in_viewport(ratio=0.1)
    expect(turn).to_be_focused()
    expect(turn).to_contain_text("Where?")
    chat.tab.set_viewport_size(size)


def test_a_traceback_shows_its_end_first(chat: Any, model: Any) -> None:
    model.writes("It begins ", ModelInterrupted("gone"))
    chat.ask("Anything?")
    traceback = chat.tab.locator("#inspector .failure pre").last
    expect(traceback).to_contain_text("ModelInterrupted")
    assert traceback.evaluate("pre => pre.scrollHeight > pre.clientHeight")
    left = "pre => pre.scrollHeight - pre.clientHeight - pre.scrollTop"
    assert traceback.evaluate(left) < 2


def test_on_paper_there_is_the_conversation_alone(chat: Any, model: Any) -> None:
    model.writes("In print.")
    chat.ask("On paper?")
    expect(chat.replies).to_have_count(1)
    chat.tab.emulate_media(media="print")
    expect(chat.replies).to_be_visible()
    expect(chat.tab.locator("#composer")).to_be_hidden()
    expect(chat.tab.locator(".panel")).to_be_hidden()
    chat.tab.emulate_media(media="screen")


def test_nothing_is_cut_at_320_pixels(chat: Any, model: Any) -> None:
    size = chat.tab.viewport_size
    chat.tab.set_viewport_size({"width": 320, "height": 640})
    model.writes("```\n", "a long line of code " * 10, "\n```")
    chat.ask("Narrow?")
    expect(chat.replies).to_have_count(1)
    assert chat.tab.locator("html").evaluate("page => page.scrollWidth") == 320
    chat.tab.set_viewport_size(size)


# --- socket tasks and AppSync


@pytest.mark.parametrize("door", ["task", "graphql"])
def test_another_door_streams_and_stops(user: Any, model: Any, door: Any) -> None:
    tab = user.new_tab()
    assert isinstance(tab, OwnPage)
    tab.open()
    tab.choose_door(door)
    model.writes("Here ", "you ", "are.")
    tab.ask("Where am I?")
    expect(tab.replies).to_have_text("Here you are.")
    model.writes("Once upon ", threading.Event(), "a time.")
    tab.ask("A story, please")
    expect(tab.bubble).to_contain_text("Once upon")
    tab.tab.locator("#stop").click()
    expect(tab.replies).to_have_count(2)
    expect(tab.replies.last).to_contain_text("Once upon")
    expect(tab.tab.locator(".message", has_text="Stopped")).to_have_count(1)


@pytest.mark.parametrize("door", ["task", "graphql"])
def test_a_failure_behind_another_door_is_shown(user: Any, model: Any, door: Any) -> None:
    tab = user.new_tab()
    assert isinstance(tab, OwnPage)
    tab.open()
    tab.choose_door(door)
    model.writes("It begins ", ModelInterrupted("gone"))
    tab.ask("Anything?")
    expect(tab.tab.locator(tab.FAILED)).to_contain_text("It begins")


# --- WebSocket chat


@pytest.fixture
def over_socket(user: User) -> OwnPage:
    """A tab that asks without Lex."""
    tab = user.new_tab()
    assert isinstance(tab, OwnPage)
    tab.open()
    tab.choose_door("chat")
    return tab


def test_a_chat_is_streamed_and_remembered(over_socket: OwnPage, model: PacedModel) -> None:
    seen = threading.Event()
    model.writes("**Here** ", seen, "you are.")
    over_socket.ask("Where am I?")
    expect(over_socket.bubble).to_contain_text("Here")
    seen.set()
    expect(over_socket.replies).to_have_text("Here you are.")
    model.writes("As before.")
    over_socket.ask("And now?")
    expect(over_socket.replies).to_have_count(2)
    assert [message.text for message in model.prompts[-1].messages] == [
        "Where am I?",
        "**Here** you are.",
        "And now?",
    ]


def test_a_chat_can_be_stopped_and_what_was_written_stays(
    over_socket: OwnPage, model: PacedModel
) -> None:
    model.writes("Once upon ", threading.Event(), "a time.")
    over_socket.ask("A story, please")
    expect(over_socket.bubble).to_contain_text("Once upon")
    over_socket.tab.locator("#stop").click()
    expect(over_socket.replies).to_contain_text("Once upon")
    expect(over_socket.tab.locator("#stop")).to_be_hidden()


def test_a_chat_that_fails_says_so(over_socket: OwnPage, model: PacedModel) -> None:
    model.writes("It begins ", ModelInterrupted("gone"))
    over_socket.ask("Anything?")
    expect(over_socket.tab.locator(over_socket.FAILED)).to_contain_text("It begins")
    expect(over_socket.tab.locator("#question")).to_have_value("Anything?")


def test_a_chat_without_a_connection_cannot_be_asked(over_socket: OwnPage) -> None:
    over_socket.tab.locator("#reconnect").click()
    over_socket.ask("Anything?")
    failed = over_socket.tab.locator(over_socket.FAILED, has_text="no connection")
    expect(failed).to_be_visible()


def test_the_door_is_kept_over_a_reload(over_socket: OwnPage, model: PacedModel) -> None:
    over_socket.open()
    expect(over_socket.tab.locator("#door")).to_have_value("chat")
    model.writes("Still here.")
    over_socket.ask("Who are you?")
    expect(over_socket.replies).to_have_text("Still here.")
