from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from websocket_stack.server.page import routes


@pytest.fixture
def client() -> Any:
    return TestClient(Starlette(routes=routes.routes()))


@pytest.mark.parametrize("name", routes.FILES)
def test_each_file_is_there(client: Any, name: str) -> None:
    response = client.get(f"/page/{name}")
    assert response.status_code == 200
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_names_only_files_that_are_there(client: Any) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for part in page.text.split('"/page/')[1:]:
        assert part.partition('"')[0] in routes.FILES


@pytest.mark.parametrize("name", ["index.html", "none.js", "..%2froutes.py"])
def test_nothing_else_is(client: Any, name: str) -> None:
    assert client.get(f"/page/{name}").status_code == 404
