"""What only the real Lex Web UI does, and what docs/lex-web-ui.md promises of it."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.paced_model import LONG_ENOUGH_SECONDS, PacedModel
from tests.browser.pages import ChatPage, LexWebUi
from tests.browser.sites import Site, User, visiting
from tests.stack_fixture import connection_of
from websocket_stack.local import stack

pytestmark = pytest.mark.parametrize("visited", [LexWebUi], ids=["lex-web-ui"], indirect=True)

DOCUMENT = Path(__file__).parents[2] / "docs" / "lex-web-ui.md"
STYLE = "".join(re.findall(r"^```css\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.M | re.S))


def test_the_guest_who_signed_owns_the_session(user: User, dynamodb: Any) -> None:
    chat = user.new_tab()
    session_id = chat.take_session("0e4a")
    chat.open()
    row = dynamodb.get_item(
        TableName=stack.SESSION_TABLE, Key={"sessionId": {"S": session_id}}, ConsistentRead=True
    )["Item"]
    assert re.fullmatch(r"us-east-1:[0-9a-f-]{36}", row["owner"]["S"])


def test_a_socket_with_a_wrong_signature_is_refused(user: User, model: PacedModel) -> None:
    chat = user.new_tab()
    chat.tab.add_init_script(
        "const Native = WebSocket;"
        "WebSocket = class extends Native {"
        "  constructor(url) { super(url.replace(/(Signature=)./, '$1g')); }"
        "}"
    )
    user.watch.expect_error("WebSocket connection to .* failed: .* 403")
    chat.open(connects=False)
    model.writes("All **the** same.")
    chat.ask("Who am I?")
    expect(chat.replies.locator("strong")).to_have_text("the")


def test_two_people_may_draw_one_session_id(browser: Any, site: Any, model: Any) -> None:
    """Each reads replies of their own."""
    with visiting(browser, site) as first_user, visiting(browser, site) as second_user:
        first, second = first_user.new_tab(), second_user.new_tab()
        first.take_session("2222")
        second.take_session("2222")
        first.open()
        second_user.watch.expect_error("WebSocket connection to .* failed: .* 403")
        second.open(connects=False)
        for chat, other, whose in ((first, second, "first"), (second, first, "second")):
            model.writes("This is for the ", LONG_ENOUGH_SECONDS, f"**{whose}**.")
            chat.record()
            other.record()
            chat.ask("For whom is this?")
            expect(chat.replies.locator("strong")).to_have_text(whose)
            assert chat.seen_while_written() == ""
            assert other.recorded() == []


def test_it_never_reconnects_and_replies_come_in_one_piece_then(
    user: User, model: PacedModel, dynamodb: Any, connections: Any
) -> None:
    chat = user.new_tab()
    session_id = chat.take_session("dead")
    chat.open()
    with chat.tab.expect_console_message(lambda message: message.text == "WebSocket Closed"):
        connections.delete_connection(ConnectionId=connection_of(dynamodb, session_id))
    model.writes("Not streamed, ", LONG_ENOUGH_SECONDS, "and all there.")
    chat.record()
    chat.ask("Are you there?")
    expect(chat.replies).to_contain_text("Not streamed, and all there.")
    assert chat.seen_while_written() == ""


def test_the_greeting_is_said_once(chat: ChatPage, model: PacedModel) -> None:
    model.writes("A reply.")
    chat.ask("Hello?")
    expect(chat.replies).to_contain_text("A reply.")
    expect(chat.tab.locator(".message-bot")).to_have_count(2)


# --- what docs/lex-web-ui.md advises


def add_style(context: BrowserContext, style: str) -> None:
    """Put this at the end of the UI's style sheet, as the document says."""

    def fulfill(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=f"{response.text()}\n{style}")

    context.route("**/custom-chatbot-style.css", fulfill)


def test_with_the_documented_style_line_breaks_are_kept(user: User, model: PacedModel) -> None:
    add_style(user.context, STYLE)
    chat = user.new_tab()
    chat.open()
    seen = threading.Event()
    lines = ["Two lines:", "", "- one", "  - two"]
    model.writes("\n".join(lines), " ", seen, "end")
    chat.ask("Lines?")
    expect(chat.bubble).to_contain_text("two")
    assert chat.bubble.inner_text().split("\n") == lines
    seen.set()
    expect(chat.replies).to_have_count(1)


# Returns where the last line of an element's text begins and ends, in pixels from the top.
LAST_LINE = """(element) => {
  const text = document.createRange();
  text.selectNodeContents(element);
  const { top, bottom } = [...text.getClientRects()].at(-1);
  return [top, bottom];
}"""


def test_with_the_documented_style_the_newest_text_stays_in_sight(
    user: User, model: PacedModel
) -> None:
    add_style(user.context, STYLE)
    chat = user.new_tab()
    chat.tab.set_viewport_size({"width": 420, "height": 500})
    chat.open()
    seen = threading.Event()
    model.writes(*(f"Line {number} of the story\n" for number in range(60)), "The end.", seen)
    chat.ask("A long story?")
    expect(chat.bubble).to_contain_text("The end")
    top, bottom = chat.bubble.evaluate(LAST_LINE)
    for box in (chat.bubble.bounding_box(), chat.tab.locator(".message-list").bounding_box()):
        assert box and box["y"] <= top and bottom <= box["y"] + box["height"]
    seen.set()
    expect(chat.replies).to_have_count(1)


def test_with_the_documented_style_code_wraps_on_a_phone(user: User, model: PacedModel) -> None:
    add_style(user.context, STYLE)
    chat = user.new_tab()
    chat.tab.set_viewport_size({"width": 390, "height": 700})
    chat.open()
    model.writes(f"```\n{'words ' * 40}{'x' * 120}\n```")
    chat.ask("Code?")
    code = chat.replies.locator("pre")
    expect(code).to_be_visible()
    box = code.bounding_box()
    assert box and box["x"] + box["width"] <= 390
    assert code.evaluate("(element) => element.scrollWidth <= element.clientWidth")


# Returns how far a text is from the left and from the right edge of its element.
MARGINS = """(element) => {
  const text = document.createRange();
  text.selectNodeContents(element);
  const [inner, outer] = [text.getBoundingClientRect(), element.getBoundingClientRect()];
  return [inner.left - outer.left, outer.right - inner.right];
}"""


def test_with_the_documented_style_right_to_left_text_is_right_aligned(
    user: User, model: PacedModel
) -> None:
    add_style(user.context, STYLE)
    chat = user.new_tab()
    chat.open()
    model.writes("שלום.\n\n- A list in English that is much longer than the Hebrew word above it.")
    chat.ask("Hebrew?")
    paragraph = chat.replies.locator("p", has_text="שלום")
    expect(paragraph).to_be_visible()
    left, right = paragraph.evaluate(MARGINS)
    assert right < 2 < left


def test_with_the_documented_attribute_the_initial_utterance_streams(
    user: User, model: PacedModel
) -> None:
    def configure(route: Route) -> None:
        response = route.fetch()
        configuration = response.json()
        configuration["lex"] |= {
            "initialUtterance": "Hello",
            "sessionAttributes": {"streamingEndpoint": "yes"},
        }
        route.fulfill(response=response, json=configuration)

    user.context.route("**/lex-web-ui-loader-config.json", configure)
    chat = user.new_tab()
    seen = threading.Event()
    model.writes("Good", " morning", seen, ".")
    chat.open()
    expect(chat.bubble).to_contain_text("Good mornin")
    seen.set()
    expect(chat.replies).to_contain_text("Good morning.")


PARENT = """<!doctype html><script src="/page/aws_hosts.js"></script>
<link href="/lex-web-ui/lex-web-ui-loader.min.css" rel="stylesheet">
<script src="/lex-web-ui/lex-web-ui-loader.min.js"></script>
<script>
  const options = { baseUrl: location.origin + "/lex-web-ui/", shouldLoadMinDeps: true };
  new ChatBotUiLoader.IframeLoader(options).load({});
</script>
"""


def test_embedded_in_another_page_it_streams_too(user: User, site: Site, model: PacedModel) -> None:
    tab = user.context.new_page()
    tab.route(
        f"{site.origin}/parent", lambda route: route.fulfill(body=PARENT, content_type="text/html")
    )
    with tab.expect_console_message(lambda message: message.text == "WebSocket Connected"):
        tab.goto(f"{site.origin}/parent")
    frame = tab.frame_locator("iframe")
    frame.locator("button.min-button").click()
    seen = threading.Event()
    model.writes("In", " a frame", seen, ".")
    frame.locator(LexWebUi.FIELD).fill("Where are you?")
    frame.locator(LexWebUi.FIELD).press("Enter")
    expect(frame.locator(LexWebUi.BUBBLE)).to_contain_text("In a fram")
    seen.set()
    expect(frame.locator(LexWebUi.REPLY)).to_contain_text("In a frame.")
