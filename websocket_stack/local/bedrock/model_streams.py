"""A model's answer as an event stream over HTTP.

What fails at once is a status, what fails later an event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from threading import Thread

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from fulfillment.errors import ModelError
from fulfillment.models.base import Completion, ModelStream
from websocket_stack.local.bedrock import event_stream as eventstream

# A stream opens after this, whether the model has begun or not: the caller takes an open stream for
# a sign of life, and leaves a silent one.
OPEN_AFTER_SECONDS = 3.0


def respond(
    answer: ModelStream,
    events: Callable[[ModelStream], Iterator[bytes]],
    *,
    broken: bytes,
    headers: Mapping[str, str],
    open_after_seconds: float,
) -> Response:
    """Return the response that streams an answer; blocks until it begins or the time is over.

    Takes what makes events of the answer, the event that says that the model broke, the headers,
    and when to open the stream at the latest.

    Raises:
        ModelError: by then the model has failed.
    """
    begun = _Begun(answer)
    begun.wait(open_after_seconds)
    return _EventStream(begun, _written(begun, events, broken), headers)


class _EventStream(StreamingResponse):
    """Streams what is made of an answer, and closes both when the caller hangs up."""

    def __init__(
        self, answer: ModelStream, parts: Generator[bytes, None, None], headers: Mapping[str, str]
    ) -> None:
        super().__init__(
            iterate_in_threadpool(parts), media_type=eventstream.CONTENT_TYPE, headers=headers
        )
        self._answer = answer
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_or_close() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                # A thread may be waiting for the model's next word.
                self._answer.close()
            return message

        try:
            await super().__call__(scope, receive_or_close, send)
        finally:
            await run_in_threadpool(self._parts.close)


def _written(
    answer: ModelStream, events: Callable[[ModelStream], Iterator[bytes]], broken: bytes
) -> Generator[bytes, None, None]:
    try:
        yield from events(answer)
    except ModelError:
        yield broken
    finally:
        answer.close()


class _Begun:
    """An answer whose first chunk is asked for at once, on a thread of its own."""

    def __init__(self, answer: ModelStream) -> None:
        self._answer = answer
        self._chunks = iter(answer)
        self._first: Future[str] = Future()
        Thread(target=self._begin, daemon=True).start()

    def _begin(self) -> None:
        try:
            self._first.set_result(next(self._chunks, ""))
        # Raised again where the chunk is asked for.
        except Exception as exc:
            self._first.set_exception(exc)

    def wait(self, seconds: float) -> None:
        try:
            self._first.result(seconds)
        except TimeoutError:
            pass

    @property
    def completion(self) -> Completion | None:
        return self._answer.completion

    def __iter__(self) -> Iterator[str]:
        yield self._first.result()
        yield from self._chunks

    def close(self) -> None:
        self._answer.close()
