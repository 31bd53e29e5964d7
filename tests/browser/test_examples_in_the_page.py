"""The examples, as somebody in front of the chat page meets them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.paced_model import PacedModel
from tests.browser.pages import ChatPage, LexWebUi, OwnPage, Seen
from tests.browser.sites import LEX_WEB_UI_DIST, Site, running_site, visiting
from tests.example_dialogs import (
    ANYTHING_ELSE,
    ORDER_LOCALES,
    STEP_SECONDS,
    STEPS,
    UNKNOWN_ORDER,
    WHICH_ORDER,
    demo_routes,
    question_of,
)
from tests.lex_web_ui import LAG_SECONDS
from tests.stack_fixture import running_stack
from websocket_stack.local.demo_model.model import THINKING_SECONDS

ORDERS = {"bot": "examples.order_tracking:bot", "locales": ORDER_LOCALES}
LINES = [step.strip() for step in STEPS]
# A busy machine makes things later and never earlier, so one good turn shows what is claimed.
ATTEMPTS = 3


@contextmanager
def chatting(browser: Browser, bot: str) -> Iterator[ChatPage]:
    """Run a bot in the local stack; yields a tab with the chat page."""
    # While the model thinks about what a tool found, that it was called is seen.
    routes = demo_routes(THINKING_SECONDS)
    with (
        running_stack(bot=bot, model_routes=routes, environ={}) as origin,
        visiting(browser, Site(origin, PacedModel(), OwnPage)) as user,
    ):
        chat = user.new_tab()
        chat.open()
        yield chat


# --- order tracking, with its three steps of two seconds each


class Watched(NamedTuple):
    """A tab with a chat page, and how long that holds frames back."""

    chat: ChatPage
    lag: float


@pytest.fixture
def watched(browser: Browser) -> Iterator[list[Watched]]:
    """The ways to look at a reply: the own page's two, and Lex Web UI if there is one."""
    with ExitStack() as running:
        tabs = []
        site = running.enter_context(running_site(OwnPage, **ORDERS))
        for lag in (0.0, LAG_SECONDS):
            tab = running.enter_context(visiting(browser, site)).new_tab()
            tab.open()
            tab.tab.locator("#as-lex-web-ui").set_checked(lag > 0)
            tabs.append(Watched(tab, lag))
        if LEX_WEB_UI_DIST:
            site = running.enter_context(running_site(LexWebUi, **ORDERS))
            tab = running.enter_context(visiting(browser, site)).new_tab()
            tab.open()
            tabs.append(Watched(tab, LAG_SECONDS))
        yield tabs


@pytest.mark.ci
def test_an_order_is_tracked_before_the_users_eyes(watched: list[Watched]) -> None:
    """All tabs at once, for it takes real seconds."""
    for chat, _ in watched:
        chat.ask(question_of("order_tracking"))
    for chat, _ in watched:
        expect(chat.replies.last).to_contain_text(WHICH_ORDER)
        chat.ask("Z-99")
    for chat, _ in watched:
        expect(chat.replies.last).to_contain_text(UNKNOWN_ORDER)
    attempts = []
    for words in ("A-17", *["track order A-17"] * (ATTEMPTS - 1)):
        attempts.append(seen_when_asked(watched, words))
        if all(map(shows_each_step_during_the_next, attempts[-1], [lag for _, lag in watched])):
            break
    else:
        pytest.fail(f"what was seen when: {attempts}")
    for chat, _ in watched:
        check_that_all_of_it_is_in_the_reply(chat)
        check_that_its_button_asks_for_another_order(chat)


def seen_when_asked(watched: list[Watched], words: str) -> list[list[Seen]]:
    """Ask in each tab; return what was seen there, in seconds since then."""
    replies = []
    asked_at = []
    for chat, _ in watched:
        replies.append(chat.conversation.get_by_text("arrives tomorrow").count())
        chat.record()
        asked_at.append(time.time())
        chat.ask(words)
    for (chat, _), count in zip(watched, replies, strict=True):
        expect(chat.conversation.get_by_text("arrives tomorrow")).to_have_count(count + 1)
    return [
        [seen._replace(at=seen.at - asked) for seen in chat.recorded()]
        for (chat, _), asked in zip(watched, asked_at, strict=True)
    ]


def shows_each_step_during_the_next(recorded: list[Seen], lag: float) -> bool:
    """Whether each line is there in its time, with all before it and nothing of the next."""
    for number, line in enumerate(LINES[:-1]):
        written = number * STEP_SECONDS
        seen = next((seen for seen in recorded if line in (seen.text or "")), None)
        if seen is None or not written + lag <= seen.at < written + STEP_SECONDS:
            return False
        if (seen.text or "").split() != " ".join(LINES[: number + 1]).split():
            return False
    replied = next(seen for seen in recorded if seen.text is None)
    return replied.at >= 3 * STEP_SECONDS


def check_that_all_of_it_is_in_the_reply(chat: ChatPage) -> None:
    text = " ".join(chat.replies.all_text_contents())
    assert all(line.replace("**", "") in " ".join(text.split()) for line in LINES)
    expect(chat.conversation.locator("strong", has_text="A-17").last).to_be_visible()
    expect(chat.conversation.get_by_text(str(ANYTHING_ELSE["title"])).last).to_be_visible()


def check_that_its_button_asks_for_another_order(chat: ChatPage) -> None:
    replies = chat.replies.count()
    chat.conversation.get_by_role("button", name="Another order").last.click()
    expect(chat.replies).to_have_count(replies + 1)
    expect(chat.replies.last).to_contain_text(WHICH_ORDER)


# --- the others


def test_the_assistant_says_what_it_looks_up_and_what_it_found(browser: Browser) -> None:
    with chatting(browser, "examples.assistant:bot") as chat:
        chat.record()
        chat.ask(question_of("assistant"))
        expect(chat.replies).to_contain_text("shipped yesterday")
        shown = "".join(seen.text or "" for seen in chat.recorded())
        assert "Looking up A-17…" in shown
        chat.ask("what is the status of order Z-99?")
        expect(chat.replies.last).to_contain_text("There is no order Z-99.")


def test_the_knowledge_base_answers_with_its_sources(browser: Browser) -> None:
    with chatting(browser, "examples.knowledge_base:bot") as chat:
        chat.ask(question_of("knowledge_base"))
        expect(chat.replies).to_contain_text("starts two threads", timeout=20_000)
        expect(chat.replies).to_contain_text("Sources", timeout=20_000)
        expect(chat.replies).to_contain_text("how-it-works.md", timeout=20_000)
