"""Where the browser goes: a running stack with a chat page, and somebody who visits it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext
from starlette.routing import BaseRoute

from tests.browser.paced_model import PacedModel
from tests.browser.pages import ChatPage, LexWebUi
from tests.browser.watch import Watch
from tests.stack_fixture import running_stack
from websocket_stack.local import lex_web_ui, stack
from websocket_stack.local.bedrock import routes as bedrock_routes

LEX_WEB_UI_DIST = os.environ.get("LEX_WEB_UI_DIST", "")


class Site(NamedTuple):
    """A running stack and the chat page that is looked at."""

    origin: str
    model: PacedModel
    page: type[ChatPage]


class User:
    """Somebody's browser: the tabs of a context share what is stored, and one watch."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self._site = site
        self.watch = Watch(context, urlsplit(site.origin).netloc)

    def new_tab(self) -> ChatPage:
        """Return an empty tab, for the chat page to be opened in."""
        return self._site.page(self.context.new_page(), self._site.origin)


@contextmanager
def running_site(page: type[ChatPage], **options: Any) -> Iterator[Site]:
    """Run a stack for a chat page; takes further options of ``running_stack``.

    Lex Web UI signs, so unsigned clients are refused there.
    """
    routes: Sequence[BaseRoute] = ()
    if page is LexWebUi:
        routes = lex_web_ui.routes(Path(LEX_WEB_UI_DIST), stack.STAGE)
    model = PacedModel()
    with running_stack(
        model_routes=bedrock_routes.routes(model),
        auth="iam" if page is LexWebUi else "none",
        further_routes=routes,
        # The defaults of all settings.
        environ={},
        **options,
    ) as origin:
        try:
            yield Site(origin, model, page)
        finally:
            model.close()


@contextmanager
def visiting(browser: Browser, site: Site) -> Iterator[User]:
    """Give somebody a browser of their own; no error that is not expected may come up in it."""
    context = browser.new_context()
    user = User(context, site)
    try:
        yield user
    finally:
        context.close()
    assert user.watch.take_errors() == []
