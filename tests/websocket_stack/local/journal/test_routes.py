"""The journal over HTTP."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.routes import PATH, routes


def get(journal: Journal | None, after: str = "") -> dict[str, Any]:
    with TestClient(Starlette(routes=routes(journal))) as http:
        answer: dict[str, Any] = http.get(f"{PATH}?after={after}").json()
        return answer


def test_the_invocations_after_one_are_told() -> None:
    journal = Journal()
    for name in ("first", "second"):
        journal.end(journal.begin(name, {"text": "Hi"}))

    assert get(journal) == {"last": 2, "invocations": []}
    answer = get(journal, "1")
    assert [each["function"] for each in answer["invocations"]] == ["second"]
    assert answer["invocations"][0]["event"] == {"text": "Hi"}


def test_where_others_reach_the_stack_nothing_is_told() -> None:
    assert get(None, "0") == {"last": 0, "invocations": []}
