"""The chunks of a plain generator, which blocks, on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing


async def chunks_of_thread(
    generator: Callable[[], Generator[str, None, None]],
    stop: Callable[[], None],
    gather_seconds: float,
) -> AsyncGenerator[str, None]:
    """Yield what a generator writes on a thread of its own.

    To wake the loop costs far more than a chunk does. So what is written within an interval after
    the last hand-over comes together; what is written after a pause, and the end, comes at once.

    Args:
        generator: makes the generator, on its thread.
        stop: ends what the generator waits for; called when the caller wants no more.
        gather_seconds: how long to gather.
    """
    handover = _Handover(asyncio.get_running_loop())

    def write() -> None:
        error: BaseException | None = None
        try:
            with closing(generator()) as chunks:
                for chunk in chunks:
                    if not handover.put(chunk):
                        return
        # Handed to the task that waits for it, whatever it is.
        except BaseException as exc:
            error = exc
        handover.end(error)

    threading.Thread(target=write, name="handler", daemon=True).start()
    try:
        while True:
            text, has_ended = await handover.take()
            if text:
                yield text
            if has_ended:
                return
            await handover.wait_for_end(gather_seconds)
    finally:
        handover.close()
        stop()


class _Handover:
    """Chunks between a thread that writes them and a task that takes them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._chunks: list[str] = []
        self._error: BaseException | None = None
        self._has_ended = self._is_closed = self._wakes = False
        self._due = asyncio.Event()

    # --- the thread

    def put(self, chunk: str) -> bool:
        """Hand a chunk over; return whether more are wanted."""
        with self._lock:
            if self._is_closed:
                return False
            self._chunks.append(chunk)
            if chunk and self._wakes:
                self._wake()
            return True

    def end(self, error: BaseException | None) -> None:
        with self._lock:
            if not self._is_closed:
                self._error, self._has_ended = error, True
                self._wake()

    def _wake(self) -> None:
        self._wakes = False
        self._loop.call_soon_threadsafe(self._due.set)

    # --- the task

    async def take(self) -> tuple[str, bool]:
        """Wait for text or the end; return the text, and whether that is all of it.

        Raises:
            BaseException: what the generator raised, once its text was taken.
        """
        while True:
            with self._lock:
                text, self._chunks = "".join(self._chunks), []
                if not text and self._error is not None:
                    raise self._error
                if text or self._has_ended:
                    return text, self._has_ended and self._error is None
                self._due.clear()
                self._wakes = True
            await self._due.wait()

    async def wait_for_end(self, seconds: float) -> None:
        """Wait for so many seconds, or for the end."""
        with self._lock:
            if self._has_ended:
                return
            self._due.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._due.wait()
        except TimeoutError:
            pass

    def close(self) -> None:
        with self._lock:
            self._is_closed, self._chunks = True, []
