"""Lambda over HTTP, as boto3's ``lambda`` client speaks it."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from websocket_stack.local.aws_json import ServiceError, json_body
from websocket_stack.local.aws_lambda.service import LambdaFunctions

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_EVENT_BYTES = 1024 * 1024


def routes(functions: LambdaFunctions) -> list[BaseRoute]:
    """Return the routes of the service."""

    async def invoke(request: Request) -> Response:
        if "origin" in request.headers:
            raise ServiceError(403, "AccessDeniedException", "No page calls this service here")
        if request.headers.get("x-amz-invocation-type") != "Event":
            message = "Functions are invoked asynchronously here"
            raise ServiceError(400, "InvalidParameterValueException", message)
        if len(await request.body()) > MAX_EVENT_BYTES:
            raise ServiceError(413, "RequestTooLargeException", "The event is too large")
        functions.invoke(request.path_params["name"], await json_body(request))
        return Response(status_code=202, headers={"x-amzn-RequestId": str(uuid.uuid4())})

    return [Route("/2015-03-31/functions/{name}/invocations", invoke, methods=["POST"])]
