"""How AWS's JSON services answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from websocket_stack.local.aws_json import (
    ServiceError,
    ServicesByTarget,
    error_response,
    json_body,
    json_response,
)


def request(body: bytes = b"") -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_a_response_is_json_with_a_request_id() -> None:
    first, second = json_response({"text": "Grüße"}), json_response({})

    assert first.status_code == 200
    assert first.body == '{"text": "Grüße"}'.encode()
    assert first.headers["content-type"] == "application/json"
    assert UUID(first.headers["x-amzn-RequestId"])
    assert first.headers["x-amzn-RequestId"] != second.headers["x-amzn-RequestId"]


@pytest.mark.parametrize(("message", "body"), [("Too long", {"message": "Too long"}), ("", {})])
def test_an_error_has_its_code_in_the_header(message: str, body: dict[str, str]) -> None:
    response = error_response(request(), ServiceError(413, "PayloadTooLargeException", message))

    assert response.status_code == 413
    assert response.headers["x-amzn-ErrorType"] == "PayloadTooLargeException"
    assert json.loads(bytes(response.body)) == body


def test_an_error_reads_as_what_it_answers() -> None:
    assert str(ServiceError(410, "GoneException", "left")) == "410 GoneException: left"


@pytest.mark.parametrize(
    ("body", "read"), [(b"", {}), (b"{}", {}), ('{"a": "ü"}'.encode(), {"a": "ü"})]
)
def test_the_body_is_read_as_an_object(body: bytes, read: dict[str, str]) -> None:
    assert asyncio.run(json_body(request(body))) == read


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_invalid(body: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        asyncio.run(json_body(request(body)))
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


# --- services that share a path


@pytest.fixture
def http() -> Iterator[TestClient]:
    services = {"Open": PlainTextResponse("open"), "Tables_2012": PlainTextResponse("tables")}
    by_target = ServicesByTarget(services, private=frozenset({"Tables_2012"}))
    app = Starlette(
        routes=[Route("/", by_target, methods=["POST"])],
        exception_handlers={ServiceError: error_response},
    )
    with TestClient(app) as test_client:
        yield test_client


def test_a_call_goes_to_the_service_of_its_target(http: TestClient) -> None:
    for target, text in (("Open.GetId", "open"), ("Tables_2012.GetItem", "tables")):
        assert http.post("/", headers={"x-amz-target": target}).text == text


def test_a_private_service_is_not_for_pages(http: TestClient) -> None:
    page = {"origin": "https://example.com"}
    refused = http.post("/", headers={"x-amz-target": "Tables_2012.GetItem", **page})

    assert refused.status_code == 403
    assert refused.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert http.post("/", headers={"x-amz-target": "Open.GetId", **page}).status_code == 200


@pytest.mark.parametrize("target", [None, "", "GetId", "OpenV2.GetId", "other"])
def test_a_call_of_another_service_is_unknown(http: TestClient, target: str | None) -> None:
    response = http.post("/", headers={"x-amz-target": target} if target is not None else {})

    assert response.status_code == 404
    assert response.headers["x-amzn-errortype"] == "UnknownOperationException"
