"""AWS's JSON services that share one path: a call names its operation in ``X-Amz-Target``."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from websocket_stack.local.aws_json import ServiceError, json_body, json_response
from websocket_stack.local.cognito.service import CognitoIdentity

COGNITO_TARGET = "AWSCognitoIdentityService"


class ByTarget:
    """An ASGI application; takes the application of each target prefix, and those that no page
    may call: with Cognito's rules for other origins any page could read the tables.
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


def cognito_identity(cognito: CognitoIdentity) -> ASGIApp:
    """Return Cognito Identity as boto3's ``cognito-identity`` client and a browser speak it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation = request.headers["x-amz-target"].partition(".")[2]
        try:
            response = json_response(cognito.call(operation, await json_body(request)))
        except ServiceError as error:
            # This protocol has the error's name in the body.
            # https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
            body = {"__type": error.code, "message": error.message}
            response = json_response(body, error.status, {"x-amzn-ErrorType": error.code})
        response.headers["content-type"] = "application/x-amz-json-1.1"
        await response(scope, receive, send)

    return application
