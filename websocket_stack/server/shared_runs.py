"""The runs of all processes that share a Redis: any of them serves any client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fulfillment.notices import Notices
from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from websocket_stack.server.protocol import Ask
from websocket_stack.server.redis_broker import (
    CLIENT_SECONDS,
    FAILURES,
    LOOK_SECONDS,
    RedisBroker,
)
from websocket_stack.server.redis_entries import NOTHING, EntryId, Names, take_entry
from websocket_stack.server.run import Key, ReadableRun, Run
from websocket_stack.server.run_log import RunLog
from websocket_stack.server.runs import Runs, cancel

# For the last entries of a run to reach Redis before the process ends.
COPY_SECONDS = 2.0
# After its lease, for a process that only lost Redis for a while to show that it is alive.
PATIENCE_SECONDS = 5.0


class FollowedRun:
    """A run that another process writes; see :class:`websocket_stack.server.run.ReadableRun`.

    Args:
        key: its name.
        broker: the connections to Redis.
        interrupted: what is said if the process that writes it is gone.

    Attributes:
        has_begun: is set once all is here that was written before.
    """

    def __init__(self, key: Key, broker: RedisBroker, interrupted: str) -> None:
        self.key = key
        self.log = RunLog()
        self.readers: set[Callable[[], None]] = set()
        self._names = Names.of(*key)
        self._broker = broker
        self._interrupted = interrupted
        self._last = NOTHING
        self._stopping: asyncio.Task[None] | None = None
        self.has_begun = asyncio.Event()

    def stop(self, notice: str = "") -> None:
        """Ask the process that writes it to stop."""
        self._stopping = asyncio.create_task(self._broker.stop(self._names))

    async def follow(self) -> None:
        """Read what is written, to its end."""
        clock = asyncio.get_running_loop().time
        alive_at = clock()
        try:
            bell = await self._broker.listen(self._names.bell)
            while self.log.ending is None:
                bell.clear()
                try:
                    entries, is_alive = await self._broker.entries(self._names, self._last)
                except FAILURES:
                    # Nobody knows; once Redis is back, a lease has to be written again.
                    alive_at = clock()
                else:
                    if is_alive or entries:
                        alive_at = clock()
                    self._take(entries)
                    self.has_begun.set()
                    if self.log.ending is None and clock() - alive_at > PATIENCE_SECONDS:
                        self._end()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await bell.wait()
        finally:
            await self._broker.leave(self._names.bell)

    def _take(self, entries: list[Any]) -> None:
        for text, entry in entries:
            entry_id = EntryId.parse(text)
            begins = self._last == NOTHING and entry_id.number == 1
            if not begins and entry_id != EntryId(self._last.epoch, self._last.number + 1):
                # What is missing will not come, and what another writer adds is another reply.
                self._end()
                return
            self._last = entry_id
            take_entry(self.log, entry)
        if entries:
            self._notify()

    def _end(self) -> None:
        self.log.end(Ending(Outcome.INTERRUPTED, self._interrupted))
        self._notify()

    def _notify(self) -> None:
        for notify in list(self.readers):
            notify()


class SharedRuns(Runs):
    """The runs of this process, and those of others that its clients read.

    Args:
        broker: the connections to Redis.
        arguments: as :class:`Runs` takes them.
    """

    def __init__(self, broker: RedisBroker, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._broker = broker
        self._telemetry.watch("chat_redis_up", "Whether Redis answers", lambda: broker.is_up)
        self._copies: set[asyncio.Task[None]] = set()
        self._followed: dict[Key, tuple[FollowedRun, asyncio.Task[None]]] = {}
        # Those included that are about to end since nobody reads their run any more.
        self._following: set[asyncio.Task[None]] = set()

    async def open(self, key: Key, chat: Key, ask: Ask, principal: str) -> ReadableRun:
        if not ask.can_resume or await self._broker.claim(*key, chat):
            return self.start(key, chat, ask, principal)
        return self.find(key) or await self._follow(key)

    async def look_up(self, key: Key) -> ReadableRun | None:
        if (run := self.find(key)) or not await self._broker.knows(*key):
            return run
        return await self._follow(key)

    async def look_up_latest(self, chat: Key) -> ReadableRun | None:
        if name := await self._broker.latest(chat):
            return await self.look_up(Key(chat.owner, name))
        return self.latest(chat)

    def start(self, key: Key, chat: Key, ask: Ask, principal: str) -> Run:
        run = super().start(key, chat, ask, principal)
        if ask.can_resume:
            copying = asyncio.create_task(self._copy(run))
            self._copies.add(copying)
            copying.add_done_callback(self._copies.discard)
        return run

    def join(self, run: ReadableRun, notify: Callable[[], None]) -> None:
        super().join(run, notify)
        if isinstance(run, FollowedRun) and run.log.ending is None:
            if run.key not in self._followed:
                # Its last reader left while this one waited for its beginning.
                self._start_following(run)

    def leave(self, run: ReadableRun, notify: Callable[[], None], *, can_resume: bool) -> None:
        super().leave(run, notify, can_resume=can_resume)
        if isinstance(run, FollowedRun):
            self._forget_if_unread(run)

    async def drain(self, seconds: float) -> None:
        await super().drain(seconds)
        if self._copies:
            await asyncio.wait(list(self._copies), timeout=COPY_SECONDS)

    async def close(self) -> None:
        await super().close()
        # What goes on without Redis would connect to it again.
        await cancel(self._copies | self._following)
        await self._broker.close()

    async def _follow(self, key: Key) -> FollowedRun:
        if key not in self._followed:
            self._start_following(FollowedRun(key, self._broker, Notices().interrupted))
        run, _ = self._followed[key]
        # What a client says that it has is compared with what there is.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLIENT_SECONDS):
                await run.has_begun.wait()
        return run

    def _start_following(self, run: FollowedRun) -> None:
        following = asyncio.create_task(run.follow())
        self._followed[run.key] = run, following
        self._following.add(following)
        following.add_done_callback(self._following.discard)
        following.add_done_callback(lambda _: self._forget_if_unread(run))

    def _forget_if_unread(self, run: FollowedRun) -> None:
        known, following = self._followed.get(run.key, (None, None))
        if known is run and following is not None and not run.readers:
            del self._followed[run.key]
            following.cancel()

    async def _copy(self, run: Run) -> None:
        def reads_elsewhere() -> None:
            """Stand for the readers that another process has."""

        def read_elsewhere(is_read: bool) -> None:  # noqa: FBT001
            if is_read and reads_elsewhere not in run.readers:
                self.join(run, reads_elsewhere)
            elif not is_read and reads_elsewhere in run.readers:
                self.leave(run, reads_elsewhere, can_resume=True)

        run.copy_due = asyncio.Event()
        epoch = int(time.time() * 1000)
        names = Names.of(*run.key)
        await self._broker.write(names, epoch, run.log, run.copy_due, run.stop, read_elsewhere)
