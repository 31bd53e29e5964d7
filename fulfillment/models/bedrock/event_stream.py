"""One call of AWS that answers with an event stream: opened, read, stopped from any thread.

It knows what the errors of such a stream mean; a decoder knows what its events mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import urllib3
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion

# All that a broken stream can raise from botocore's iterator: modelled and unmodelled exception
# events (EventStreamError is a ClientError), resets and stalls (urllib3's own), corrupt frames,
# events of the wrong shape.
STREAM_ERRORS = (
    ClientError,
    BotoCoreError,
    urllib3.exceptions.HTTPError,
    ParserError,
    ResponseParserError,
    OSError,
)

# What a decoder may raise over an event; a model's own chunks may hold anything.
SHAPE_ERRORS = (KeyError, ValueError, TypeError, AttributeError)

# Refusals of the request itself, the last one by botocore. Codes differ in case before and in the
# stream. https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
REJECTIONS = frozenset(
    {
        "accessdeniedexception",
        "validationexception",
        "resourcenotfoundexception",
        "paramvalidationerror",
    }
)


class StreamDecoder(Protocol):
    """What the events of one stream mean."""

    @property
    def completion(self) -> Completion | None:
        """How the call ended; ``None`` until it is certain that it did."""
        ...

    def decode(self, event: Mapping[str, Any]) -> str:
        """Take in one event; return the text that can be shown by now, if any.

        Events and members that are new to this SDK are passed over.

        Raises:
            KeyError: the event lacks what every one of its kind has.
            ValueError: what the event holds cannot be read.
            TypeError, AttributeError: it holds something else than every one of its kind.
        """
        ...

    def flush(self) -> str:
        """Take in that the body has ended well; return the text that is still to be shown.

        Where no event says that the call is complete, this does.
        """
        ...


class BedrockStream:
    """One call of a Bedrock service; see :class:`fulfillment.models.base.ModelStream`.

    Args:
        call: makes the call and returns botocore's event stream.
        decoder: for the events of this call.
    """

    def __init__(self, call: Callable[[], Any], decoder: StreamDecoder) -> None:
        self._call = call
        self._decoder = decoder
        self._stream: Any = None
        self._closed = False

    @property
    def completion(self) -> Completion | None:
        return self._decoder.completion

    def __iter__(self) -> Iterator[str]:
        wrote = False
        try:
            for event in self._open():
                if self._closed:
                    break
                text = self._decode(event)
                wrote = wrote or bool(text)
                yield text
            if not self._closed and (rest := self._decoder.flush()):
                yield rest
        except STREAM_ERRORS as exc:
            # Once it is complete, only counts are still to come.
            if self.completion is None and not self._closed:
                raise translate(exc, wrote=wrote) from exc
        finally:
            if self._stream is not None:
                self._stream.close()
        if self.completion is None and not self._closed:
            # A body that merely ends, even in the middle of a frame, raises nothing in botocore.
            kind = ModelInterrupted if wrote else ModelUnavailable
            raise kind("the stream ended before the answer was complete")

    def close(self) -> None:
        self._closed = True
        if self._stream is not None:
            interrupt(self._stream)

    def _open(self) -> Iterator[Mapping[str, Any]]:
        if self._closed:
            return iter(())
        self._stream = self._call()
        # Closed while the call was under way: what comes of it is not read.
        return iter(()) if self._closed else iter(self._stream)

    def _decode(self, event: Mapping[str, Any]) -> str:
        try:
            return self._decoder.decode(event)
        except SHAPE_ERRORS as exc:
            # As botocore calls it, where it is the one to notice.
            raise ResponseParserError("an event of another shape") from exc


def translate(
    error: Exception, *, wrote: bool
) -> ModelInterrupted | ModelRejected | ModelUnavailable:
    """Return our error for one of ``STREAM_ERRORS``; nothing of its message is in ours."""
    code, message = type(error).__name__, ""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, message = details.get("Code") or code, details.get("Message") or ""
    if wrote:
        return ModelInterrupted(code)
    if code.lower() in REJECTIONS:
        from fulfillment.models.bedrock.refusals import reason_of

        return ModelRejected(reason_of(code, message))
    return ModelUnavailable(code)


def interrupt(stream: Any) -> None:
    """Make a read of a botocore event stream that blocks in another thread return.

    ``EventStream.close`` would wait for that read: it closes the buffered file under it.
    ``urllib3.HTTPResponse.shutdown`` (urllib3 2.3) is made for this; the reading thread then
    closes the stream itself.
    """
    shutdown = getattr(getattr(stream, "_raw_stream", None), "shutdown", None)
    if shutdown is not None:
        try:
            shutdown()
        except (ValueError, RuntimeError, OSError):
            pass  # It has ended by itself.
