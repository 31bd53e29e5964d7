"""Bedrock Runtime over HTTP: Converse and InvokeModel, whole and streamed.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.errors import ModelError, ModelRejected
from fulfillment.models.base import Completion, Model, ModelStream, Prompt
from websocket_stack.local.aws_json import ServiceError, json_body, json_response
from websocket_stack.local.bedrock import (
    converse_requests,
    converse_responses,
    event_stream,
    messages_requests,
    messages_responses,
)
from websocket_stack.local.bedrock.streaming_response import (
    OPEN_AFTER_SECONDS,
    streaming_response,
)

HEADERS = {"X-Amzn-Bedrock-Content-Type": "application/json"}
BROKEN = event_stream.exception(
    "modelStreamErrorException", "The model stream broke.", originalStatusCode=500
)


class ModelApi(NamedTuple):
    """A form in which models are asked and reply.

    Attributes:
        prompt: reads a request's body; raises ServiceError 400.
        response: returns the response that holds a whole reply.
        events: yields a reply's events while it is written; raises ModelError.
    """

    prompt: Callable[[Mapping[str, Any]], Prompt]
    response: Callable[[str, Completion], Mapping[str, Any]]
    events: Callable[[ModelStream], Iterator[bytes]]


CONVERSE = ModelApi(
    converse_requests.prompt_of, converse_responses.response, converse_responses.events
)
MESSAGES = ModelApi(
    messages_requests.prompt_of, messages_responses.response, messages_responses.events
)


def routes(model: Model, open_after_seconds: float = OPEN_AFTER_SECONDS) -> list[Route]:
    """Return the service's routes.

    Args:
        model: replies whatever model is asked for.
        open_after_seconds: when a stream opens at the latest.
    """

    def respond_in_events(api: ModelApi, stream: ModelStream) -> Response:
        return streaming_response(
            stream,
            api.events,
            broken=BROKEN,
            headers=HEADERS,
            open_after_seconds=open_after_seconds,
        )

    return [
        _route("converse", model, CONVERSE, _respond_whole),
        _route("converse-stream", model, CONVERSE, respond_in_events),
        _route("invoke", model, MESSAGES, _respond_whole),
        _route("invoke-with-response-stream", model, MESSAGES, respond_in_events),
    ]


def _route(
    operation: str,
    model: Model,
    api: ModelApi,
    respond: Callable[[ModelApi, ModelStream], Response],
) -> Route:
    async def endpoint(request: Request) -> Response:
        stream = model.ask(api.prompt(await json_body(request)))
        try:
            return await run_in_threadpool(respond, api, stream)
        except ModelRejected as exc:
            raise ServiceError(400, "ValidationException", str(exc)) from exc
        except ModelError as exc:
            raise ServiceError(503, "ServiceUnavailableException", str(exc)) from exc

    # A model id may be an ARN, which has slashes.
    return Route(f"/model/{{model_id:path}}/{operation}", endpoint, methods=["POST"])


def _respond_whole(api: ModelApi, stream: ModelStream) -> Response:
    text = "".join(stream)
    assert stream.completion is not None
    return json_response(api.response(text, stream.completion))
