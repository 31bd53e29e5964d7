"""What the processes of a chat server know of one another's runs, through Redis.

A run is written by one process, into its own log first: no reply waits for Redis, and one that
Redis has lost is written into it again. Any other process can follow it, and stop it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from fulfillment.logs import log_failure
from websocket_stack.server.redis_entries import NOTHING, EntryId, Names, entries_of, latest_of
from websocket_stack.server.run_log import RunLog

# One answer of Redis; redis-py's own defaults try for most of a minute.
ANSWER_SECONDS = 1.0
# What a client waits for Redis at most; then a run is this process's alone.
CLIENT_SECONDS = 0.3
# After a failure, for which no client waits at all.
DOWN_SECONDS = 2.0
# Pauses after a failure, each twice the last.
FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 2.0
LEASE_SECONDS = 15
# How often a run that writes nothing is looked after, and a follower looks without a bell.
LOOK_SECONDS = 0.5
FAILURES = (RedisError, OSError, TimeoutError)


class RedisBroker:
    """One process's connections to Redis.

    Args:
        url: such as ``redis://localhost:6379/0``.
        keep_seconds: how long a run is kept after its last entry.
    """

    def __init__(self, url: str, keep_seconds: float) -> None:
        self.redis: Any = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._keep_seconds = int(keep_seconds) + 1
        self._bells: dict[str, asyncio.Event] = {}
        self._listener: asyncio.Task[None] | None = None
        self._pubsub: PubSub | None = None
        # Two that subscribe first at once would connect twice.
        self._subscribing = asyncio.Lock()
        self.is_up = True
        self._down_until = 0.0

    # --- who writes a run

    async def claim(self, owner: str, name: str, chat: tuple[str, str]) -> bool:
        """Return whether this process is to answer a question, which no other one does.

        Where Redis does not answer, it is: a question may then be answered twice.

        Args:
            owner: whose run it is.
            name: its name.
            chat: owner and name of its conversation.
        """
        claim = Names.of(owner, name).claim
        earlier = await self._ask(
            lambda: self.redis.set(claim, "1", nx=True, get=True, ex=self._keep_seconds)
        )
        if earlier is not None:
            return False
        await self._ask(lambda: self.redis.set(latest_of(*chat), name, ex=self._keep_seconds))
        return True

    async def knows(self, owner: str, name: str) -> bool:
        """Return whether another process writes a run, or has written it."""
        return bool(await self._ask(lambda: self.redis.exists(Names.of(owner, name).claim)))

    async def latest(self, chat: tuple[str, str]) -> str:
        """Return the name of a conversation's latest run, or nothing."""
        return await self._ask(lambda: self.redis.get(latest_of(*chat))) or ""

    async def write(
        self,
        names: Names,
        epoch: int,
        log: RunLog,
        due: asyncio.Event,
        stop: Callable[[], None],
        read_elsewhere: Callable[[bool], None],
    ) -> None:
        """Copy a log into Redis as it grows, to its end.

        Args:
            names: the run's keys.
            epoch: when the run began, in milliseconds.
            log: what is copied.
            due: is set when there may be more.
            stop: is called when another process wants the run stopped, or writes it itself.
            read_elsewhere: is told whether another process reads the run.
        """
        last, pause = EntryId(epoch, 0), FIRST_PAUSE_SECONDS
        is_unsure = False
        while True:
            due.clear()
            entries = entries_of(log, last.number)
            try:
                if is_unsure:
                    last, is_unsure = await self._last(names, epoch), False
                    entries = entries_of(log, last.number)
                is_stopped, is_read = await self._append(names, last, entries)
            except ResponseError as exc:
                # Something of it is there already, or a later writer is.
                if (await self._last_or_nothing(names)).epoch > epoch:
                    log_failure("another process writes this run", exc)
                    stop()
                    return
                is_unsure = True
                await asyncio.sleep(pause)
            except FAILURES as exc:
                self._failed("a run could not be copied", exc)
                is_unsure = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, MAX_PAUSE_SECONDS)
                continue
            else:
                self.is_up, pause = True, FIRST_PAUSE_SECONDS
                last = EntryId(epoch, last.number + len(entries))
                read_elsewhere(is_read)
                if is_stopped and log.ending is None:
                    stop()
            if log.ending is not None and last.number > len(log):
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await due.wait()

    async def _append(
        self, names: Names, last: EntryId, entries: list[Mapping[str, str]]
    ) -> tuple[bool, bool]:
        """Add entries and renew the lease; return whether to stop, and whether it is read."""
        async with self.redis.pipeline(transaction=False) as pipeline:
            for number, entry in enumerate(entries, last.number + 1):
                pipeline.xadd(names.log, entry, id=str(EntryId(last.epoch, number)))
            pipeline.expire(names.log, self._keep_seconds)
            pipeline.set(names.claim, "1", ex=self._keep_seconds)
            pipeline.set(names.lease, "1", ex=LEASE_SECONDS)
            if entries:
                pipeline.publish(names.bell, "")
            pipeline.exists(names.stop)
            pipeline.exists(names.readers)
            *_, is_stopped, is_read = await pipeline.execute()
        return bool(is_stopped), bool(is_read)

    async def _last(self, names: Names, epoch: int) -> EntryId:
        """Return the last entry that Redis has of this run."""
        found = await self.redis.xrevrange(names.log, count=1)
        last = EntryId.parse(found[0][0]) if found else NOTHING
        return last if last.epoch >= epoch else EntryId(epoch, 0)

    async def _last_or_nothing(self, names: Names) -> EntryId:
        with suppress(*FAILURES):
            return await self._last(names, 0)
        return NOTHING

    # --- who reads it

    async def entries(self, names: Names, last: EntryId) -> tuple[list[Any], bool]:
        """Return the entries after one, and whether the process that writes them is alive.

        Raises:
            RedisError, OSError, TimeoutError: Redis does not answer.
        """
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.xrange(names.log, min=f"({last}")
            pipeline.exists(names.lease)
            pipeline.set(names.readers, "1", ex=LEASE_SECONDS)
            entries, is_alive, _ = await pipeline.execute()
        self.is_up = True
        return entries, bool(is_alive)

    async def stop(self, names: Names) -> None:
        """Ask the process that writes a run to stop it."""
        await self._ask(lambda: self.redis.set(names.stop, "1", ex=self._keep_seconds))

    async def listen(self, bell: str) -> asyncio.Event:
        """Return what is set when a bell rings; a bell that is missed is found by looking."""
        event = self._bells.setdefault(bell, asyncio.Event())
        async with self._subscribing:
            self._pubsub = pubsub = self._pubsub or self.redis.pubsub()
            with suppress(*FAILURES):
                await pubsub.subscribe(bell)
            if self._listener is None:
                self._listener = asyncio.create_task(self._listen())
        return event

    async def leave(self, bell: str) -> None:
        """Stop listening to a bell."""
        self._bells.pop(bell, None)
        if self._pubsub is not None:
            with suppress(*FAILURES):
                await self._pubsub.unsubscribe(bell)

    async def close(self) -> None:
        """Close all connections; nothing may be asked after that."""
        self._down_until = math.inf
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        if self._pubsub is not None:
            with suppress(*FAILURES):
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        with suppress(*FAILURES):
            await self.redis.aclose()

    async def _listen(self) -> None:
        """Ring the bells; redis-py subscribes again once it is connected again."""
        assert self._pubsub is not None
        while True:
            try:
                message = await self._pubsub.get_message(
                    ignore_subscribe_messages=True, timeout=ANSWER_SECONDS
                )
            except FAILURES as exc:
                self._failed("the bells cannot be heard", exc)
                await asyncio.sleep(FIRST_PAUSE_SECONDS)
                continue
            if message and (event := self._bells.get(message["channel"])):
                event.set()

    async def _ask(self, command: Callable[[], Any]) -> Any:
        """Return Redis' answer, or ``None`` without one."""
        clock = asyncio.get_running_loop().time
        if clock() < self._down_until:
            return None
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                return await command()
        except FAILURES as exc:
            self._down_until = clock() + DOWN_SECONDS
            self._failed("Redis does not answer", exc)
            return None

    def _failed(self, message: str, error: BaseException) -> None:
        # Once, and not for each run and second.
        if self.is_up:
            log_failure(message, error)
        self.is_up = False
