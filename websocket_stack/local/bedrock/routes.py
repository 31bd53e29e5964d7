"""Bedrock Runtime over HTTP: Converse and InvokeModel, whole and streamed.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.errors import ModelError, ModelRejected
from fulfillment.models.base import Model, ModelStream
from websocket_stack.local.aws_json import ServiceError, json_body, json_response
from websocket_stack.local.bedrock import event_stream as eventstream
from websocket_stack.local.bedrock import model_streams
from websocket_stack.local.bedrock.dialects import Converse, Dialect, Messages
from websocket_stack.local.bedrock.model_streams import OPEN_AFTER_SECONDS

HEADERS = {"X-Amzn-Bedrock-Content-Type": "application/json"}
BROKEN = eventstream.exception(
    "modelStreamErrorException", "The model stream broke.", originalStatusCode=500
)


def routes(model: Model, open_after_seconds: float = OPEN_AFTER_SECONDS) -> list[Route]:
    """Return the service's routes; every model id is answered by the one model."""
    streamed = partial(_streamed, open_after_seconds)
    return [
        _route("converse", Converse(), _whole, model),
        _route("converse-stream", Converse(), streamed, model),
        _route("invoke", Messages(), _whole, model),
        _route("invoke-with-response-stream", Messages(), streamed, model),
    ]


def _route(
    operation: str,
    dialect: Dialect,
    respond: Callable[[Dialect, ModelStream], Response],
    model: Model,
) -> Route:
    async def endpoint(request: Request) -> Response:
        answer = model.ask(dialect.prompt(await json_body(request)))
        try:
            return await run_in_threadpool(respond, dialect, answer)
        except ModelError as exc:
            raise _service_error(exc) from exc

    # A model id may be an ARN, which has slashes.
    return Route(f"/model/{{model_id:path}}/{operation}", endpoint, methods=["POST"])


def _whole(dialect: Dialect, answer: ModelStream) -> Response:
    text = "".join(answer)
    assert answer.completion is not None
    return json_response(dialect.whole(text, answer.completion))


def _streamed(open_after_seconds: float, dialect: Dialect, answer: ModelStream) -> Response:
    return model_streams.respond(
        answer,
        dialect.stream,
        broken=BROKEN,
        headers=HEADERS,
        open_after_seconds=open_after_seconds,
    )


def _service_error(error: ModelError) -> ServiceError:
    if isinstance(error, ModelRejected):
        return ServiceError(400, "ValidationException", str(error))
    return ServiceError(503, "ServiceUnavailableException", str(error))
