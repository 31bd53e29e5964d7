"""Cognito Identity over HTTP, as boto3's ``cognito-identity`` client and a browser speak it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from websocket_stack.local.aws_json import ServiceError, json_body, json_response
from websocket_stack.local.cognito.service import CognitoIdentity

TARGET = "AWSCognitoIdentityService"


def application(cognito: CognitoIdentity) -> ASGIApp:
    """Return the service as an application, which is called by ``X-Amz-Target``."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
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

    return call
