"""The official browser clients of the chat server, unchanged from npm, in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.websocket_stack.server.chat_servers import QUICK, running
from tests.websocket_stack.server.npm_packages import bundle, install_clients
from tests.websocket_stack.server.test_npm_clients import LONG, PacedSource

pytestmark = pytest.mark.ci


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return install_clients(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running(source=PacedSource(), settings=QUICK._replace(time_between_chunks=0.02)) as server:
        yield server


@pytest.fixture
def browse(browser: Any, packages: Any, server: Any) -> Any:
    """Run a scenario of a script in a tab, and return what it reports."""

    def cut() -> None:
        def abort() -> None:
            for websocket in list(server.chat_server._sockets):
                websocket.scope["state"]["abort"]()

        server.loop.call_soon_threadsafe(abort)

    def run(script: Any, scenario: Any) -> Any:
        with browser.new_context() as context:
            tab = context.new_page()
            tab.expose_function("cut", cut)
            tab.goto(f"http://127.0.0.1:{server.port}/health")
            argv = json.dumps(["node", script, server.url, scenario])
            tab.evaluate(f"globalThis.process = {{ argv: {argv}, env: {{}} }}")
            tab.add_script_tag(content=bundle(packages, script), type="module")
            tab.wait_for_function("() => window.reported !== undefined")
            return tab.evaluate("window.reported")

    return run


def test_ai_sdk_streams_a_reply(browse: Any) -> None:
    usage = {"input_tokens": 3, "output_tokens": 5, "estimated": False}
    assert browse("ai_sdk.mjs", "ask") == {"text": LONG, "metadata": {"usage": usage}}


def test_ai_sdk_aborts(browse: Any, server: Any) -> None:
    server.source.closed.clear()
    reply = browse("ai_sdk.mjs", "abort")
    assert reply["text"] != LONG and LONG.startswith(reply["text"])
    assert reply["next"] == "You said more."
    assert server.source.closed == [True, False]


def test_ai_sdk_resumes_after_a_cut(browse: Any) -> None:
    reply = browse("ai_sdk.mjs", "cut")
    assert reply["first"] != LONG and LONG.startswith(reply["first"])
    assert reply["text"] == LONG


def test_tanstack_ai_streams_a_reply(browse: Any) -> None:
    assert browse("tanstack_ai.mjs", "ask") == {"text": LONG, "error": None}


def test_tanstack_ai_aborts(browse: Any, server: Any) -> None:
    server.source.closed.clear()
    reply = browse("tanstack_ai.mjs", "abort")
    assert reply["text"] != LONG and LONG.startswith(reply["text"])
    assert reply["next"] == "You said more."
    assert server.source.closed == [True, False]


def test_tanstack_ai_resumes_after_a_cut(browse: Any) -> None:
    assert browse("tanstack_ai.mjs", "cut") == {"text": LONG, "error": None, "sockets": 2}
