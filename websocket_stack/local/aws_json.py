"""How AWS's JSON services answer over HTTP: errors by header and body, request ids."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"


class ServiceError(Exception):
    """An error that a service answers with, by its modelled name."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def error_response(request: HTTPConnection, error: Exception) -> Response:
    """Return a ServiceError as botocore's rest-json parser reads it."""
    assert isinstance(error, ServiceError)
    # A real GoneException has no message, nor has its body.
    body = {"message": error.message} if error.message else {}
    return json_response(body, error.status, {"x-amzn-ErrorType": error.code})


def json_response(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        {"x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})},
        media_type="application/json",
    )


async def json_body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object.

    Raises:
        ServiceError: ``ValidationException``, it is none.
    """
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ServiceError(400, "ValidationException", "The request body is not a JSON object.")
    return body
