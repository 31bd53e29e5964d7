"""Bedrock Runtime over HTTP: Converse and InvokeModel, whole and streamed.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from threading import Thread

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from fulfillment.errors import ModelError, ModelRejected
from fulfillment.models.base import Answer, Model
from websocket_stack.local import eventstream
from websocket_stack.local.aws import ServiceError, json_body, json_response
from websocket_stack.local.bedrock_dialects import Converse, Dialect, Messages

# A stream opens after this, whether the model has begun or not: the caller takes an open stream for
# a sign of life, and leaves a silent one.
OPEN_AFTER_SECONDS = 3.0


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
    respond: Callable[[Dialect, Answer], Response],
    model: Model,
) -> Route:
    async def endpoint(request: Request) -> Response:
        answer = model.ask(dialect.prompt(await json_body(request)))
        return await run_in_threadpool(respond, dialect, answer)

    # A model id may be an ARN, which has slashes.
    return Route(f"/model/{{model_id:path}}/{operation}", endpoint, methods=["POST"])


def _whole(dialect: Dialect, answer: Answer) -> Response:
    try:
        text = "".join(answer)
    except ModelError as exc:
        raise _service_error(exc) from exc
    assert answer.completion is not None
    return json_response(dialect.whole(text, answer.completion))


def _streamed(open_after_seconds: float, dialect: Dialect, answer: Answer) -> Response:
    chunks = iter(answer)
    first: Future[str] = Future()
    Thread(target=_run, args=(first, lambda: next(chunks, "")), daemon=True).start()
    try:
        # What fails by now is an HTTP error, what fails later an event.
        first.result(open_after_seconds)
    except ModelError as exc:
        raise _service_error(exc) from exc
    except TimeoutError:
        pass
    return StreamingResponse(
        iterate_in_threadpool(_events(dialect, answer, _from(first, chunks))),
        media_type=eventstream.CONTENT_TYPE,
        headers={"X-Amzn-Bedrock-Content-Type": "application/json"},
    )


def _run(future: Future[str], work: Callable[[], str]) -> None:
    try:
        future.set_result(work())
    # Raised again where the result is asked for.
    except Exception as exc:
        future.set_exception(exc)


def _from(first: Future[str], chunks: Iterator[str]) -> Iterator[str]:
    yield first.result()
    yield from chunks


def _events(dialect: Dialect, answer: Answer, chunks: Iterator[str]) -> Iterator[bytes]:
    try:
        yield b"".join(dialect.start())
        for chunk in chunks:
            if chunk:
                yield dialect.chunk(chunk)
        assert answer.completion is not None
        yield b"".join(dialect.end(answer.completion))
    except ModelError:
        yield eventstream.exception(
            "modelStreamErrorException", "The model stream broke.", originalStatusCode=500
        )
    finally:
        answer.close()


def _service_error(error: ModelError) -> ServiceError:
    if isinstance(error, ModelRejected):
        return ServiceError(400, "ValidationException", str(error))
    return ServiceError(503, "ServiceUnavailableException", str(error))
