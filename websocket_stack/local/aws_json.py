"""AWS's JSON protocols over HTTP: bodies, errors, request ids, and services that share one path."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"


class ServiceError(Exception):
    """An error that a service answers with.

    Args:
        status: the HTTP status.
        code: the error's name in the service's model.
        message: what it says; empty for an error whose body has no message.
    """

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
    """Return a response with a JSON body and a request id of its own."""
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        {"x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})},
        media_type="application/json",
    )


async def json_body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object.

    Raises:
        ServiceError: 400 ``ValidationException``, the body is something else.
    """
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ServiceError(400, "ValidationException", "The request body is not a JSON object.")
    return body


class ServicesByTarget:
    """The services whose calls go to ``/`` and name their service in ``X-Amz-Target``.

    Args:
        services: the ASGI application of each service, by the prefix of its targets.
        private: the prefixes of services that refuse calls from pages. They share a path, and so
            its rules for other origins, with Cognito; any page could read the tables.
    """

    def __init__(
        self, services: Mapping[str, ASGIApp], private: frozenset[str] = frozenset()
    ) -> None:
        self._services = services
        self._private = private

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Request(scope).headers
        target = headers.get("x-amz-target", "").partition(".")[0]
        service = self._services.get(target)
        if service is None:
            raise ServiceError(404, "UnknownOperationException")
        if target in self._private and "origin" in headers:
            raise ServiceError(403, "AccessDeniedException", "No page calls this service here")
        await service(scope, receive, send)
