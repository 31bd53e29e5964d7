"""A browser, a site for each chat page, and tabs in which no error goes unnoticed."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.paced_model import PacedModel
from tests.browser.pages import ChatPage, LexWebUi, OwnPage
from tests.browser.sites import LEX_WEB_UI_DIST, Site, User, running_site, visiting
from tests.stack_fixture import OF_FUNCTIONS, client
from websocket_stack.local import stack

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A tab in the background keeps its pace, as in a window of its own.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    # Whatever a page asks of the Internet fails at once, here as anywhere.
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
NO_LEX_WEB_UI = (
    "set LEX_WEB_UI_DIST to a built Lex Web UI: the dist folder of a clone of"
    " https://github.com/aws-samples/aws-lex-web-ui"
)

# Only ever waited for by a test that fails.
expect.set_options(timeout=15_000)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark all tests of this folder."""
    item.add_marker(pytest.mark.browser)


# Until the last test of this folder: Playwright keeps an event loop, which other tests cannot have.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


class Visited(NamedTuple):
    """A site, and a tab that all its tests share: a page loads much faster the second time."""

    site: Site
    user: User
    tab: ChatPage


@pytest.fixture(scope="package")
def visit(browser: Browser) -> Iterator[Callable[[type[ChatPage]], Visited]]:
    """Return the site of a chat page; it runs from the first call to this folder's last test."""
    with ExitStack() as running:

        @functools.cache
        def visit(page: type[ChatPage]) -> Visited:
            site = running.enter_context(running_site(page))
            user = running.enter_context(visiting(browser, site))
            return Visited(site, user, user.new_tab())

        yield visit


@pytest.fixture(params=[OwnPage, LexWebUi], ids=["own-page", "lex-web-ui"])
def visited(visit: Callable[[type[ChatPage]], Visited], request: pytest.FixtureRequest) -> Visited:
    if request.param is LexWebUi and not LEX_WEB_UI_DIST:
        pytest.skip(NO_LEX_WEB_UI)
    return visit(request.param)


@pytest.fixture
def chat(visited: Visited) -> Iterator[ChatPage]:
    """A tab with the chat page, freshly loaded and connected."""
    visited.tab.open()
    yield visited.tab
    assert visited.user.watch.take_errors() == []


@pytest.fixture
def site(visited: Visited) -> Site:
    return visited.site


@pytest.fixture
def model(site: Site) -> PacedModel:
    return site.model


@pytest.fixture
def user(browser: Browser, site: Site) -> Iterator[User]:
    """A user with a new browser."""
    with visiting(browser, site) as made:
        yield made


@pytest.fixture
def dynamodb(site: Site) -> Iterator[Any]:
    """A ``dynamodb`` client of the site's stack."""
    with closing(client("dynamodb", site.origin)) as made:
        yield made


@pytest.fixture
def connections(site: Site) -> Iterator[Any]:
    """An ``apigatewaymanagementapi`` client that signs as the Lambda functions do."""
    endpoint = f"{site.origin}/{stack.STAGE}"
    with closing(client("apigatewaymanagementapi", endpoint, OF_FUNCTIONS)) as made:
        yield made
