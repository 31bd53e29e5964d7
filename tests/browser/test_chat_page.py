"""The chat page in headless Chromium, as somebody with a keyboard uses it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from stack_fixture import running_stack
from websocket_stack.local import bedrock_http
from websocket_stack.local.demo_model import DemoModel
from websocket_stack.local.passages import Library, Passage

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()

STORY = "**Once** upon a time " + "there was a lighthouse and its keeper, " * 12 + "the end."
ATTACK = (
    "Attack: <script>document.title = 'owned'</script> <img src=x onerror=\"document.title="
    "'owned'\"> [link](javascript:document.title='owned') `<b>` and the end."
)
LIBRARY = Library([Passage("story", "lighthouse", STORY), Passage("attack", "attack", ATTACK)])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with running_stack(model_routes=bedrock_http.routes(DemoModel(LIBRARY))) as made:
        yield made


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    context = browser.new_context()
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: message.type == "error" and errors.append(message.text))
    made.goto(origin)
    expect(made.locator("#status")).to_have_text("open")
    yield made
    context.close()
    assert errors == []


def ask(page: Page, question: str) -> None:
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def test_a_reply_is_visible_while_it_is_written_and_ends_rendered(page):
    ask(page, "lighthouse?")
    growing = page.locator('.bot[data-state="streaming"]')
    expect(growing).to_contain_text("**Once** upon a time")
    expect(page.locator('.bot[data-state="final"]')).to_have_count(0)
    final = page.locator('.bot[data-state="final"]')
    expect(final).to_contain_text("the end.", timeout=20_000)
    expect(final.locator("strong")).to_have_text("Once")
    expect(growing).to_have_count(0)
    assert int(page.locator("#frames").inner_text()) > 5
    assert page.locator("#first-text").inner_text() < page.locator("#total").inner_text()


def test_what_a_model_writes_never_runs(page):
    title = page.title()
    ask(page, "attack!")
    final = page.locator('.bot[data-state="final"]')
    expect(final).to_contain_text("and the end.", timeout=20_000)
    expect(final).to_contain_text("<script>")
    assert final.locator("script, img, a").count() == 0
    expect(final.locator("code")).to_have_text("<b>")
    assert page.title() == title


def test_the_next_question_needs_no_mouse(page):
    for count in (1, 2):
        ask(page, "attack!")
        expect(page.locator('.bot[data-state="final"]')).to_have_count(count, timeout=20_000)


def test_as_lex_web_ui_shows_it_the_first_words_come_half_a_second_later(page):
    page.locator("#as-lex-web-ui").check()
    page.locator("#question").focus()
    ask(page, "lighthouse?")
    expect(page.locator('.bot[data-state="streaming"]')).to_contain_text("**Once** upon")
    expect(page.locator('.bot[data-state="final"]')).to_contain_text("the end.", timeout=20_000)
    # 0.3 s until the model's first word, and the half second of that client.
    assert 0.8 <= float(page.locator("#first-text").inner_text().split()[0]) < 1.6


def test_in_the_console_test_window_the_reply_comes_in_one_piece(page):
    page.locator("#as-console").check()
    page.locator("#question").focus()
    ask(page, "attack!")
    expect(page.locator('.bot[data-state="final"]')).to_contain_text("the end.", timeout=20_000)
    assert page.locator("#frames").inner_text() == "0"


def test_without_a_connection_the_reply_still_comes(page):
    page.locator("#reconnect").click()
    expect(page.locator("#status")).to_contain_text("closed")
    page.locator("#question").focus()
    ask(page, "attack!")
    expect(page.locator('.bot[data-state="final"]')).to_contain_text("the end.", timeout=20_000)
    page.locator("#reconnect").click()
    expect(page.locator("#status")).to_have_text("open")


def test_a_question_that_lex_refuses_is_given_back(page):
    too_long = "x" * 1025
    page.locator("#question").fill(too_long)
    page.keyboard.press("Enter")
    expect(page.locator('.bot[data-state="error"]')).to_be_visible()
    expect(page.locator("#question")).to_have_value(too_long)
