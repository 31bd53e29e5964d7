"""Asks again, and then other models, as long as nothing was written yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TypeAlias

from fulfillment.errors import ModelError, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, Model, ModelStream, Prompt

# A call that says nothing for this long seldom says anything later, while a fresh one answers
# at once: https://github.com/langchain-ai/langchain-aws/issues/685
FIRST_SIGN_SECONDS = 7.0
# Before the second try of a model that was throttled or unavailable.
PAUSE_SECONDS = 0.3
TRIES_PER_MODEL = 2


class FallbackModel:
    """Several models as one: each is asked twice, then the next.

    Args:
        models: in the order in which they are asked.
        first_sign_seconds: how long to wait for the first chunk of a call, which may be empty.
        pause_seconds: how long to wait before the second try of a model.
    """

    def __init__(
        self,
        models: Sequence[Model],
        first_sign_seconds: float = FIRST_SIGN_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._models = models
        self._first_sign_seconds = first_sign_seconds
        self._pause_seconds = pause_seconds

    def ask(self, prompt: Prompt) -> FallbackStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        return FallbackStream(self._models, prompt, self._first_sign_seconds, self._pause_seconds)


Sign: TypeAlias = "str | Exception | None"
"""What first comes of a call: a chunk, the error that ended it, or its end."""


class FallbackStream:
    """The stream of the first call that gives a sign of life; see :class:`ModelStream`.

    The first chunk of each call is read on a thread of its own, since a call that hangs before it
    answers at all can be left but not ended.

    Args:
        models: as :class:`FallbackModel` takes them.
        prompt: what is asked.
        first_sign_seconds: as above.
        pause_seconds: as above.
    """

    def __init__(
        self,
        models: Sequence[Model],
        prompt: Prompt,
        first_sign_seconds: float,
        pause_seconds: float,
    ) -> None:
        self._models = models
        self._prompt = prompt
        self._first_sign_seconds = first_sign_seconds
        self._pause_seconds = pause_seconds
        self._closed = threading.Event()
        self._stream: ModelStream | None = None
        self._first: SimpleQueue[Sign] = SimpleQueue()

    @property
    def completion(self) -> Completion | None:
        return self._stream.completion if self._stream else None

    def __iter__(self) -> Iterator[str]:
        failure: ModelError = ModelUnavailable("there is no model to ask")
        for model in self._models:
            for number in range(TRIES_PER_MODEL):
                if number > 0:
                    self._closed.wait(self._pause_seconds)
                if self._closed.is_set():
                    return
                try:
                    yield from self._try(model)
                    return
                except ModelRejected as exc:
                    failure = exc
                    break
                except ModelUnavailable as exc:
                    failure = exc
        raise failure

    def close(self) -> None:
        self._closed.set()
        self._first.put(None)
        if self._stream is not None:
            self._stream.close()

    def _try(self, model: Model) -> Iterator[str]:
        stream = self._stream = model.ask(self._prompt)
        first = self._first = SimpleQueue[Sign]()
        if self._closed.is_set():
            return
        chunks = iter(stream)
        threading.Thread(target=_begin, args=(chunks, first), name="model", daemon=True).start()
        try:
            sign = first.get(timeout=self._first_sign_seconds)
            if isinstance(sign, Exception):
                raise sign
            if sign is not None:
                yield sign
                yield from chunks
        except Empty:
            raise ModelUnavailable("no sign of life") from None
        finally:
            stream.close()


def _begin(chunks: Iterator[str], first: SimpleQueue[Sign]) -> None:
    try:
        first.put(next(chunks, None))
    # Handed to the thread that asked, whatever it is.
    except Exception as exc:
        first.put(exc)
