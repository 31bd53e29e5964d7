"""How AWS's JSON services answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request

from websocket_stack.local.aws_json import ServiceError, error_response, json_body, json_response


def request(body: bytes = b"") -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)  # type: ignore[arg-type]


def test_a_response_is_json_with_a_request_id_of_its_own() -> None:
    first, second = json_response({"text": "Grüße"}), json_response({})

    assert first.status_code == 200
    assert first.body == '{"text": "Grüße"}'.encode()
    assert first.headers["content-type"] == "application/json"
    assert UUID(first.headers["x-amzn-RequestId"])
    assert first.headers["x-amzn-RequestId"] != second.headers["x-amzn-RequestId"]


@pytest.mark.parametrize(("message", "body"), [("Too long", {"message": "Too long"}), ("", {})])
def test_an_error_has_its_code_in_the_header(message, body) -> None:
    response = error_response(request(), ServiceError(413, "PayloadTooLargeException", message))

    assert response.status_code == 413
    assert response.headers["x-amzn-ErrorType"] == "PayloadTooLargeException"
    assert json.loads(response.body) == body


def test_an_error_reads_as_what_it_answers() -> None:
    assert str(ServiceError(410, "GoneException", "left")) == "410 GoneException: left"


@pytest.mark.parametrize(
    ("body", "read"), [(b"", {}), (b"{}", {}), ('{"a": "ü"}'.encode(), {"a": "ü"})]
)
def test_the_body_is_read_as_an_object(body, read) -> None:
    assert asyncio.run(json_body(request(body))) == read


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_invalid(body) -> None:
    with pytest.raises(ServiceError) as refused:
        asyncio.run(json_body(request(body)))
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
