"""Streaming as somebody in front of a browser sees it: each case in both chat pages."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from fulfillment.notices import Notices
from tests.browser.paced_model import LONG_ENOUGH_SECONDS, PacedModel, Step, Written, paced
from tests.browser.pages import ChatPage, Seen
from tests.browser.sites import Site, User, running_site, visiting
from tests.stack_fixture import connection_of
from websocket_stack.local import stack

STORY = (
    "Once upon a time there was a lighthouse, and its keeper knew every ship by its lamps. "
    "He trimmed the wick at dusk, wound the clockwork twice a night and wrote down what he saw. "
)


def test_a_reply_is_visible_while_it_is_written_and_ends_rendered(
    chat: ChatPage, model: PacedModel
) -> None:
    seen = threading.Event()
    model.writes("**Once** upon", " a time, ", seen, "the end.")
    chat.ask("A story?")
    expect(chat.bubble).to_contain_text(chat.while_written("**Once** upon a time"))
    expect(chat.replies).to_have_count(0)
    seen.set()
    expect(chat.replies).to_contain_text("Once upon a time, the end.")
    expect(chat.replies.locator("strong")).to_have_text("Once")
    expect(chat.bubble).to_have_count(0)


def test_every_question_of_a_conversation_streams(chat: ChatPage, model: PacedModel) -> None:
    for number in (1, 2, 3):
        seen = threading.Event()
        model.writes(f"Story **{number}**", " begins", seen, " and ends.")
        chat.ask(f"Story {number}, please.")
        expect(chat.bubble).to_contain_text(chat.while_written(f"Story **{number}** begin"))
        seen.set()
        expect(chat.replies).to_have_count(number)
        expect(chat.replies.last).to_contain_text(f"Story {number} begins and ends.")


# --- how fast

# What a frame takes from the model to the screen, without what the page itself holds it back.
TRANSIT_SECONDS = 0.1
# The default of FLUSH_INTERVAL_SECONDS.
INTERVAL_SECONDS = 0.2
# A busy machine adds to a lag and never takes from it, so one good turn shows what is claimed.
ATTEMPTS = 3

RHYTHMS: dict[str, tuple[Step, ...]] = {
    "80-tokens-a-second": paced(STORY, 1 / 80) * 2,
    "a-pause": (*paced(STORY[:86], 1 / 60), 1.5, *paced(STORY[86:], 1 / 60), 0.4),
    "slow": paced(STORY[:40], 0.15),
}


def lags(written: list[Written], seen: list[Seen]) -> list[float]:
    """Return for each delta the seconds until all of it but its last character was visible.

    That character may be the last one of a flush, which is a frame of its own, and which Lex Web
    UI shows with the next flush.
    """
    return [
        next(visible.at for visible in seen if visible.characters >= delta.characters - 1)
        - delta.at
        for delta in written
    ]


def lags_of_a_turn(chat: ChatPage, model: PacedModel) -> list[float]:
    complete = chat.replies.count() + 1
    chat.record()
    chat.ask("A story, please.")
    expect(chat.replies).to_have_count(complete)
    return lags(model.streams[-1].written, chat.recorded())


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_the_bubble_keeps_up_with_the_model(chat: ChatPage, model: PacedModel, rhythm: str) -> None:
    model.writes(*RHYTHMS[rhythm])
    first_within = chat.HOLDS_BACK_SECONDS + TRANSIT_SECONDS
    each_within = first_within + INTERVAL_SECONDS
    attempts = []
    for _ in range(ATTEMPTS):
        measured = lags_of_a_turn(chat, model)
        attempts.append((measured[0], max(measured)))
        if measured[0] <= first_within and max(measured) <= each_within:
            return
    pytest.fail(f"seconds until the first text, and the worst lag: {attempts}")


def test_what_is_visible_is_always_a_prefix_of_the_reply(chat: ChatPage, model: PacedModel) -> None:
    seen = threading.Event()
    model.writes(*paced(STORY, 1 / 80), seen)
    chat.record()
    chat.ask("A story, please.")
    expect(chat.bubble).to_contain_text(STORY[-20:-2])
    seen.set()
    expect(chat.replies).to_have_count(1)
    texts = [seen.text for seen in chat.recorded() if seen.text]
    assert len(texts) > 3 and all(STORY.startswith(text) for text in texts)


# --- what goes wrong


def test_without_a_socket_the_reply_comes_in_one_piece(
    user: User, model: PacedModel, dynamodb: Any
) -> None:
    chat = user.new_tab()
    somebody_else = {
        "sessionId": {"S": chat.take_session("5ec1")},
        "connectionId": {"S": "of-somebody-else="},
        "owner": {"S": "somebody else"},
        "ttl": {"N": str(int(time.time()) + 600)},
    }
    dynamodb.put_item(TableName=stack.SESSION_TABLE, Item=somebody_else)
    user.watch.expect_error("WebSocket connection to .* failed: .* 403")
    chat.open(connects=False)
    model.writes("There is ", LONG_ENOUGH_SECONDS, "**no** socket.")
    for count in (1, 2):
        chat.record()
        chat.ask("Are you there?")
        expect(chat.replies).to_have_count(count)
        expect(chat.replies.last.locator("strong")).to_have_text("no")
        assert chat.seen_while_written() == ""


def test_a_socket_that_closes_costs_no_word_of_the_reply(
    user: User, model: PacedModel, dynamodb: Any, connections: Any
) -> None:
    chat = user.new_tab()
    session_id = chat.take_session("c105")
    chat.open()
    closed = threading.Event()
    model.writes("It begins", " well", closed, " and **ends** well.")
    chat.ask("And then?")
    expect(chat.bubble).to_contain_text("It begins wel")
    connections.delete_connection(ConnectionId=connection_of(dynamodb, session_id))
    closed.set()
    expect(chat.replies).to_contain_text("It begins well and ends well.")
    model.writes("Another ", "**one**.")
    chat.ask("And after that?")
    expect(chat.replies.last.locator("strong")).to_have_text("one")


def test_a_second_tab_takes_the_session(user: Any, model: Any) -> None:
    """The first keeps its replies."""
    first, second = user.new_tab(), user.new_tab()
    for tab in (first, second):
        tab.take_session("7ab5")
        tab.open()
    model.writes("For the ", LONG_ENOUGH_SECONDS, "**first** tab.")
    first.record()
    first.ask("Who is first?")
    expect(first.replies.locator("strong")).to_have_text("first")
    assert first.seen_while_written() == ""
    seen = threading.Event()
    model.writes("For the", " second", seen, " tab.")
    second.ask("Who is second?")
    expect(second.bubble).to_contain_text("For the secon")
    seen.set()
    expect(second.replies).to_contain_text("For the second tab.")
    expect(first.replies).to_have_count(1)


def numbered_lines(characters: int) -> str:
    line = "Line {:04} is one of the very many lines in here.\n\n"
    count = characters // len(line.format(0))
    return "".join(line.format(number) for number in range(count))


def numbers_of_lines(chat: ChatPage) -> list[int]:
    text = " ".join(chat.replies.all_text_contents())
    return [int(number) for number in re.findall(r"Line (\d{4}) is", text)]


def test_a_reply_of_20000_characters_arrives_whole(chat: ChatPage, model: PacedModel) -> None:
    text = numbered_lines(20_000)
    seen = threading.Event()
    model.writes(*(text[at : at + 500] for at in range(0, len(text) - 500, 500)), seen, text[-500:])
    chat.ask("All of it?")
    expect(chat.bubble).to_contain_text("Line 0300 is")
    seen.set()
    expect(chat.replies.last).to_contain_text(text[-50:].strip())
    assert numbers_of_lines(chat) == list(range(len(text) // 50))


def test_a_reply_that_lex_would_not_take_ends_with_a_notice(
    chat: ChatPage, model: PacedModel
) -> None:
    text = numbered_lines(30_000)
    model.writes(text)
    chat.ask("All of it?")
    expect(chat.replies.last).to_contain_text(Notices().too_long)
    numbers = numbers_of_lines(chat)
    assert numbers == list(range(len(numbers)))
    assert 20_000 < 50 * len(numbers) < len(text)
    model.writes("A **short** one.")
    chat.ask("And now?")
    expect(chat.replies.last.locator("strong")).to_have_text("short")


def test_when_lex_gives_up_the_next_question_is_answered(browser: Browser, site: Site) -> None:
    with (
        running_site(site.page, lex_timeout_seconds=1.5) as hasty,
        visiting(browser, hasty) as user,
    ):
        user.watch.expect_error("status of 424")
        user.watch.expect_error("error in postTextMessage")
        chat = user.new_tab()
        chat.open()
        too_late = threading.Event()
        hasty.model.writes("This takes", " too long", too_late)
        chat.ask("Take your time?")
        expect(chat.bubble).to_contain_text("This takes too lon")
        expect(chat.failed).to_be_visible()
        hasty.model.writes("Quick ", "**enough**.")
        chat.ask("Be quick?")
        expect(chat.replies.last.locator("strong")).to_have_text("enough")
        too_late.set()


# --- what a model writes

ATTACKS = [
    "<script>window.owned = 1; document.title = 'owned'</script>",
    '<img src=x onerror="window.owned = 1">',
    "<svg/onload=window.owned=1>",
    '<iframe srcdoc="<script>parent.owned = 1</script>"></iframe>',
    "<details open ontoggle=window.owned=1>",
    "<style>@import 'https://evil.example/style.css'</style>",
    "<link rel=stylesheet href=https://evil.example/link.css>",
    "<form action=https://evil.example/><button autofocus onfocus=window.owned=1></form>",
    "<meta http-equiv=refresh content='0; url=https://evil.example/'>",
    "<base href=https://evil.example/>",
    "<a href='jav&#x61;script:window.owned=1'>click</a>",
    "<div v-html=\"'<img src=x onerror=window.owned=1>'\"></div>",
    "{{ constructor.constructor('window.owned = 1')() }}",
    "{{ _openBlock.constructor('window.owned = 1')() }}",
    "[script](javascript:window.owned=1)",
    "[spaced](  java\tscript:window.owned=1)",
    "[entity](&#106;avascript:window.owned=1)",
    "[data](data:text/html;base64,PHNjcmlwdD5vd25lZCA9IDE8L3NjcmlwdD4=)",
    "[visual](vbscript:window.owned=1)",
    "![image](javascript:window.owned=1)",
    "![drawn](data:image/svg+xml,%3Csvg%20onload='parent.owned=1'/%3E)",
    "[referred] [referred]: javascript:window.owned=1",
    "[later]",
    "[later]: javascript:window.owned=1",
    "<javascript:window.owned=1>",
    "`<b>code</b>` stays, and `<script>window.owned = 1</script>` too",
    "```html\n<img src=x onerror=window.owned=1>\n```",
]
HARMLESS = (
    "A,BLOCKQUOTE,BR,CODE,DEL,EM,H1,H2,H3,H4,H5,H6,HR,LI,OL,P,PRE,SPAN,STRONG,TABLE,TBODY,TD,TH,"
    "THEAD,TR,UL"
)
# Returns what could do harm in the messages that a selector finds.
HARMFUL = """([messages, harmless]) =>
  [...document.querySelectorAll(messages)].flatMap((message) => [...message.querySelectorAll("*")])
    .filter((element) => !element.matches(".code, .copy")) // our page's own
    .filter((element) =>
      !harmless.includes(element.tagName) ||
      [...element.attributes].some(({ name }) => name.startsWith("on") || name === "style") ||
      (element.href && !/^(https?|mailto|tel):/.test(element.href)))
    .map((element) => element.outerHTML)
"""
# Resolves once the browser has failed to load an image, and so all that were asked of it before.
AFTER_IMAGES = """() => new Promise((resolve) => {
  const image = new Image();
  image.onerror = image.onload = () => requestAnimationFrame(resolve);
  image.src = "/health?image";
})"""


def test_what_a_model_writes_never_runs(user: User, model: PacedModel) -> None:
    chat = user.new_tab()
    chat.open()
    title = chat.tab.title()
    seen = threading.Event()
    text = "\n\n".join(ATTACKS)
    model.writes(*(text[at : at + 7] for at in range(0, len(text), 7)), seen, "\n\nThe end.")
    chat.ask(ATTACKS[1] + ATTACKS[12])
    expect(chat.bubble).to_contain_text("<img src=x onerror=window.owned=1>")
    assert chat.tab.evaluate(HARMFUL, [chat.BUBBLE, HARMLESS.split(",")]) == []
    seen.set()
    expect(chat.replies).to_contain_text("The end.")
    expect(chat.replies.locator("code").first).to_have_text("<b>code</b>")
    chat.tab.evaluate(AFTER_IMAGES)
    assert chat.tab.evaluate(HARMFUL, [chat.REPLY, HARMLESS.split(",")]) == []
    assert chat.tab.evaluate("window.owned") is None
    assert (chat.tab.title(), user.watch.dialogs, user.watch.strangers) == (title, [], [])
