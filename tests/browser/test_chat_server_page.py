"""The chat server's own page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.websocket_stack.server.chat_servers import running
from websocket_stack.server.sign_in import KnownTokens

GO_ON = threading.Event()
TOKEN = "t" * 32


def script(utterance: Any) -> Any:
    if utterance == "slow":
        return ["Wait", GO_ON, " is over."]
    if utterance == "endless":
        return ["And", threading.Event()]
    return [f"You said <b>{utterance}</b> | /"]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running(script) as server:
        yield server


@pytest.fixture
def tab(browser: Browser, server: Any) -> Iterator[Any]:
    GO_ON.clear()
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    page.goto(f"http://127.0.0.1:{server.port}/")
    expect(page.locator("#status")).to_have_text("connected")
    yield page
    context.close()
    assert errors == []


def ask(tab: Any, text: Any) -> None:
    tab.locator("#question").fill(text)
    tab.keyboard.press("Enter")


def test_a_reply_is_text_and_is_announced_once(tab: Any) -> None:
    ask(tab, "hi")
    expect(tab.locator(".bot")).to_have_text("You said <b>hi</b> | /")
    expect(tab.locator("#announcer")).to_have_text("You said <b>hi</b> | /")
    expect(tab.locator(".bot")).not_to_have_attribute("aria-busy", "true")
    expect(tab.locator("#question")).to_be_focused()


def test_several_questions_need_not_wait(tab: Any) -> None:
    ask(tab, "slow")
    ask(tab, "quick")
    expect(tab.locator(".bot").nth(1)).to_have_text("You said <b>quick</b> | /")
    expect(tab.locator(".bot").nth(0)).to_have_text("Wait")
    GO_ON.set()
    expect(tab.locator(".bot").nth(0)).to_have_text("Wait is over.")


def test_a_reply_is_stopped(tab: Any, server: Any) -> None:
    ask(tab, "endless")
    expect(tab.locator(".bot")).to_have_text("And")
    tab.get_by_role("button", name="Stop").click()
    expect(tab.locator(".bot")).to_have_attribute("data-state", "stopped")
    expect(tab.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_reload_reads_on(tab: Any, server: Any) -> None:
    before = len(server.source.questions)
    ask(tab, "done")
    ask(tab, "slow")
    expect(tab.locator(".bot").nth(1)).to_have_text("Wait")
    tab.reload()
    expect(tab.locator(".bot").nth(1)).to_have_text("Wait")
    GO_ON.set()
    expect(tab.locator(".bot").nth(1)).to_have_text("Wait is over.")
    expect(tab.locator(".bot").nth(0)).to_have_text("You said <b>done</b> | /")
    assert len(server.source.questions) == before + 2


def test_a_token_signs_in_and_is_kept_for_the_tab(browser: Any) -> None:
    with running(script, verifier=KnownTokens([TOKEN])) as server, browser.new_context() as context:
        tab = context.new_page()
        tab.goto(f"http://127.0.0.1:{server.port}/")
        for token, problem in (("wrong", "answers those who sign in"), (TOKEN, "is not valid")):
            expect(tab.locator("#sign-in")).to_contain_text(problem)
            expect(tab.locator("#token")).to_be_focused()
            expect(tab.locator("#composer")).to_be_hidden()
            tab.get_by_label("Token").fill(token)
            tab.keyboard.press("Enter")
        ask(tab, "hi")
        expect(tab.locator(".bot")).to_have_text("You said <b>hi</b> | /")
        tab.reload()
        ask(tab, "again")
        expect(tab.locator(".bot").nth(1)).to_have_text("You said <b>again</b> | /")
        expect(tab.locator("#sign-in")).to_be_hidden()
        assert TOKEN not in tab.url
