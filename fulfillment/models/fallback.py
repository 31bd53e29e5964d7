"""Several models as one: retries, and asks other models, until one has written something."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

from fulfillment.errors import ModelError, ModelRejected, ModelUnavailable, describe
from fulfillment.logs import get_logger
from fulfillment.models.base import Completion, Model, ModelStream, Prompt
from fulfillment.models.tries import FIRST_SIGN_SECONDS, PAUSE_SECONDS, Ask, Tries, Wait

# For a prompt that belongs to no turn.
DEFAULT_SECONDS = 30.0


class FallbackModel:
    """Several models as one; :class:`fulfillment.models.tries.Tries` says which is asked when.

    Args:
        models: in the order in which they are asked.
        first_sign_seconds: how long to wait for the first chunk of a call, which may be empty,
            before another call is made.
        pause_seconds: how long the first pause is at most, when all models failed.
        jitter: returns a random number between 0 and 1.
    """

    def __init__(
        self,
        models: Sequence[Model],
        first_sign_seconds: float = FIRST_SIGN_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._models = models
        self._first_sign_seconds = first_sign_seconds
        self._pause_seconds = pause_seconds
        self._jitter = jitter

    def ask(self, prompt: Prompt) -> FallbackStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        seconds = DEFAULT_SECONDS if prompt.seconds_left is None else prompt.seconds_left
        now = time.monotonic()
        tries = Tries(
            len(self._models),
            now,
            now + seconds,
            first_sign_seconds=self._first_sign_seconds,
            pause_seconds=self._pause_seconds,
            jitter=self._jitter,
        )
        return FallbackStream(self._models, prompt, tries)


class _Sign(NamedTuple):
    """What first comes of a call."""

    model: int
    stream: ModelStream
    chunks: Iterator[str]
    first: str | Exception | None
    """A chunk, the error that ended the call, or ``None`` where it ended without either."""


class FallbackStream:
    """The stream of the first call that gives a sign of life; see :class:`ModelStream`.

    The first chunk of each call is read on a thread of its own, since a call that hangs before it
    answers at all can be left but not ended.

    Args:
        models: what may be asked.
        prompt: what is asked.
        tries: says which model is asked when.
    """

    def __init__(self, models: Sequence[Model], prompt: Prompt, tries: Tries) -> None:
        self._models = models
        self._prompt = prompt
        self._tries = tries
        self._signs: SimpleQueue[_Sign | None] = SimpleQueue()
        self._streams: list[ModelStream] = []
        self._answering: ModelStream | None = None
        self._closed = False

    @property
    def completion(self) -> Completion | None:
        return self._answering.completion if self._answering else None

    def __iter__(self) -> Iterator[str]:
        failure: ModelError = ModelUnavailable(
            "no sign of life" if self._models else "there is no model to ask"
        )
        try:
            while not self._closed:
                sign = self._next_sign()
                if self._closed:
                    return
                if sign is None:
                    raise failure
                try:
                    yield from self._read(sign)
                    return
                except ModelRejected as exc:
                    failure = exc
                    self._tries.rejected(sign.model, time.monotonic())
                    get_logger().warning("a model refused the request", extra=describe(exc))
                except ModelUnavailable as exc:
                    failure = exc
                    self._tries.failed(time.monotonic())
        finally:
            self._close_streams()

    def close(self) -> None:
        self._closed = True
        self._signs.put(None)
        self._close_streams()

    def _next_sign(self) -> _Sign | None:
        """Make calls until one says something or fails; ``None`` if no call can succeed."""
        while not self._closed:
            now = time.monotonic()
            action = self._tries.next(now)
            if isinstance(action, Ask):
                self._call(action.model)
            elif isinstance(action, Wait):
                with suppress(Empty):
                    sign = self._signs.get(timeout=max(0.0, action.until - now))
                    # What comes of a call that was left is not wanted any more.
                    if sign is None or sign.stream in self._streams:
                        return sign
            else:
                break
        return None

    def _call(self, model: int) -> None:
        stream = self._models[model].ask(self._prompt)
        self._streams.append(stream)
        if not self._closed:
            chunks = iter(stream)
            threading.Thread(
                target=lambda: self._signs.put(_Sign(model, stream, chunks, _first_of(chunks))),
                name="model",
                daemon=True,
            ).start()

    def _read(self, sign: _Sign) -> Iterator[str]:
        if isinstance(sign.first, Exception):
            raise sign.first
        self._answering = sign.stream
        self._tries.spoke()
        self._close_streams(but=sign.stream)
        self._streams = [sign.stream]
        if sign.first is not None:
            yield sign.first
            yield from sign.chunks

    def _close_streams(self, but: ModelStream | None = None) -> None:
        for stream in list(self._streams):
            if stream is not but:
                stream.close()


def _first_of(chunks: Iterator[str]) -> str | Exception | None:
    try:
        return next(chunks, None)
    # Handed to the thread that asked, whatever it is.
    except Exception as exc:
        return exc
