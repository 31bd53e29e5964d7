"""A model's reply as an event stream over HTTP.

A failure before the stream opens is a status, a later one an event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from fulfillment.errors import ModelError, ModelInterrupted
from fulfillment.models.base import Completion, ModelStream
from websocket_stack.local.bedrock import event_stream

# A stream opens after this, whether the model has begun or not: the caller takes an open stream for
# a sign of life, and gives up on a silent one.
OPEN_AFTER_SECONDS = 3.0


def streaming_response(
    stream: ModelStream,
    events: Callable[[ModelStream], Iterator[bytes]],
    *,
    broken: bytes,
    headers: Mapping[str, str],
    open_after_seconds: float,
) -> Response:
    """Return the response that streams a reply; block until it begins or the time is over.

    Args:
        stream: the model's call.
        events: yields events of the call's chunks; there is a completion once it has read them.
        broken: the event for a model that fails once the stream is open.
        headers: the response's headers.
        open_after_seconds: when the stream opens at the latest.

    Raises:
        ModelError: the model has failed by then.
    """
    prefetched = _PrefetchedStream(stream)
    prefetched.wait(open_after_seconds)
    return _EventStream(prefetched, _events(prefetched, events, broken), headers)


class _EventStream(StreamingResponse):
    """Streams a reply's events, and stops the model when the caller hangs up."""

    def __init__(
        self, stream: ModelStream, events: Generator[bytes, None, None], headers: Mapping[str, str]
    ) -> None:
        super().__init__(
            iterate_in_threadpool(events), media_type=event_stream.CONTENT_TYPE, headers=headers
        )
        self._stream = stream
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_or_close() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                # A thread may be waiting for the model's next word.
                self._stream.close()
            return message

        try:
            await super().__call__(scope, receive_or_close, send)
        finally:
            await run_in_threadpool(self._events.close)


def _events(
    stream: ModelStream, events: Callable[[ModelStream], Iterator[bytes]], broken: bytes
) -> Generator[bytes, None, None]:
    try:
        yield from events(stream)
    except ModelError:
        yield broken
    finally:
        stream.close()


class _PrefetchedStream:
    """A model's call whose first chunk is read at once, on a thread of its own."""

    def __init__(self, stream: ModelStream) -> None:
        self._stream = stream
        self._chunks = iter(stream)
        self._first: Future[str] = Future()
        Thread(target=self._read_first, daemon=True).start()

    def _read_first(self) -> None:
        try:
            self._first.set_result(next(self._chunks, ""))
        # Raised again where the chunk is asked for.
        except Exception as exc:
            self._first.set_exception(exc)

    def wait(self, seconds: float) -> None:
        """Wait for the first chunk, and raise what it failed with."""
        with suppress(TimeoutError):
            self._first.result(seconds)

    @property
    def completion(self) -> Completion | None:
        return self._stream.completion

    def __iter__(self) -> Iterator[str]:
        yield self._first.result()
        yield from self._chunks
        if self.completion is None:
            raise ModelInterrupted("the call was closed")

    def close(self) -> None:
        self._stream.close()
