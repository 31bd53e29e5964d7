"""Both chat pages have no violation that axe-core finds, in any state."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.paced_model import PacedModel
from tests.browser.pages import OwnPage
from tests.websocket_stack.server.chat_servers import running
from websocket_stack.server.sign_in import KnownTokens

MARKDOWN = (
    "# A heading\n\n**Bold**, `code` and [a link](https://example.com).\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nscripts/serve\n```\n\n> A quotation\n\n- One\n- Two"
)


def violations(tab: Page) -> list[str]:
    # Colours that fade in are neither the one nor the other.
    tab.emulate_media(reduced_motion="reduce")
    results = Axe().run(tab).response["violations"]
    return [f"{each['id']}: {node['html']}" for each in results for node in each["nodes"]]


@pytest.mark.parametrize("visited", [OwnPage], ids=["own-page"], indirect=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chat_page(chat: OwnPage, model: PacedModel, scheme: str) -> None:
    tab = chat.tab
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert violations(tab) == []
    seen = threading.Event()
    model.writes(MARKDOWN, seen, "\n\nThe end.")
    chat.ask("Anything?")
    expect(chat.bubble).to_contain_text("A quotation")
    assert violations(tab) == []
    seen.set()
    expect(chat.replies).to_contain_text("The end.")
    for summary in tab.locator("#inspector summary").all():
        summary.click()
    assert violations(tab) == []
    chat.ask("x" * 1025)
    expect(tab.locator(chat.FAILED)).to_be_visible()
    assert violations(tab) == []


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with running(lambda utterance: [MARKDOWN]) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chat_servers_page(browser: Browser, origin: str, scheme: str) -> None:
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        tab = context.new_page()
        tab.goto(origin)
        expect(tab.locator("#status")).to_have_text("connected")
        assert violations(tab) == []
        tab.locator("#question").fill("Anything?")
        tab.keyboard.press("Enter")
        expect(tab.locator(".bot")).to_contain_text("A quotation")
        assert violations(tab) == []


def test_the_chat_servers_page_signed_out(browser: Browser) -> None:
    with running(verifier=KnownTokens(["t" * 32])) as server, browser.new_context() as context:
        tab = context.new_page()
        tab.goto(f"http://127.0.0.1:{server.port}")
        expect(tab.locator("#token")).to_be_focused()
        assert violations(tab) == []
