"""Two processes' worth of runs and an emulated Redis that goes away, with a clock that is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis

from fulfillment.models.base import Completion, StopReason
from fulfillment.outcome import Outcome
from tests.websocket_stack.server import told_loop
from tests.websocket_stack.server.views import log_of
from websocket_stack.server.conversations import Conversations, LocalMemory
from websocket_stack.server.protocol import Ask
from websocket_stack.server.protocol_ai_sdk import AiSdkView
from websocket_stack.server.redis_broker import LEASE_SECONDS, RedisBroker
from websocket_stack.server.redis_entries import EntryId, Names
from websocket_stack.server.run import Key
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.shared_runs import SharedRuns
from websocket_stack.server.telemetry import Telemetry

pytestmark = pytest.mark.slow

KEY, CHAT = Key("", "request-0123456789ab"), Key("", "chat-0123456789abcdef")
ASK = Ask(KEY.name, CHAT.name, "hi", AiSdkView(KEY.name))
WORDS = [f"word {number}, " for number in range(60)]
# From a word to the next; a reply takes a minute.
WORD_SECONDS = 1.0


class SlowAnswer:
    last_text = ""

    def __init__(self) -> None:
        self.completions: Sequence[Completion] = ()

    async def chunks(self) -> AsyncGenerator[Any, None]:
        for word in WORDS:
            await asyncio.sleep(WORD_SECONDS)
            yield word
        self.completions = [Completion("slow", StopReason.END_TURN, 3, 5)]


class SlowSource:
    def answer(self, question: Any) -> Any:
        return SlowAnswer()


def process(redis: Any) -> Any:
    """Return the runs of a process that uses an emulated Redis."""
    broker = RedisBroker("redis://nowhere", 600)
    broker.redis = FakeRedis(server=redis, decode_responses=True)
    conversations = Conversations(LocalMemory(3600), turns=10, tokens=8000)
    return SharedRuns(broker, SlowSource(), conversations, ServerSettings(), Telemetry())


def end_of(run: Any) -> Any:
    """Return what a client of a run has in the end, and how it ended."""
    return "".join(run.log.since(0)), run.log.ending.outcome


async def ended(*runs: Any) -> None:
    while any(run.log.ending is None for run in runs):
        await asyncio.sleep(WORD_SECONDS)


@pytest.mark.parametrize("loses_all", [False, True], ids=["as it was", "empty"])
@pytest.mark.parametrize("outage_seconds", [3, 30])
def test_an_outage_in_mid_reply_loses_nothing_anywhere(outage_seconds: Any, loses_all: Any) -> None:
    async def turn() -> Any:
        redis = FakeServer()
        ours, theirs = process(redis), process(redis)
        run = await ours.open(KEY, CHAT, ASK, "somebody")
        await asyncio.sleep(WORD_SECONDS * 10)
        followed = await theirs.look_up(KEY)
        theirs.join(followed, str)
        await asyncio.sleep(WORD_SECONDS * 2)
        before = len(followed.log)
        redis.connected = False
        await asyncio.sleep(outage_seconds)
        assert len(run.log) >= before + outage_seconds - 1
        if loses_all:
            redis.dbs.clear()
        redis.connected = True
        await ended(run, followed)
        ends = end_of(run), end_of(followed)
        await ours.close()
        await theirs.close()
        return before, ends

    before, (ours, theirs) = told_loop.run(turn())
    assert before > 0
    assert ours == theirs == ("".join(WORDS), Outcome.COMPLETED)


def test_a_writer_that_is_gone_is_told_in_half_a_minute() -> None:
    async def turn() -> Any:
        redis = FakeServer()
        ours, theirs = process(redis), process(redis)
        await ours.open(KEY, CHAT, ASK, "somebody")
        await asyncio.sleep(WORD_SECONDS * 10)
        followed = await theirs.look_up(KEY)
        theirs.join(followed, str)
        await asyncio.sleep(WORD_SECONDS)
        for copying in ours._copies:
            copying.cancel()
        await theirs._broker.redis.delete(Names.of(*KEY).lease)  # its time is not told
        began = asyncio.get_running_loop().time()
        await ended(followed)
        seconds = asyncio.get_running_loop().time() - began
        await ours.close()
        await theirs.close()
        return seconds, end_of(followed)

    seconds, (text, outcome) = told_loop.run(turn())
    assert "".join(WORDS).startswith(text) and text
    assert outcome == Outcome.INTERRUPTED
    assert seconds + LEASE_SECONDS < 30


def test_of_two_writers_the_later_one_is_read() -> None:
    async def turn() -> Any:
        redis = FakeServer()
        names, stopped = Names.of(*KEY), []

        async def write(log: Any, epoch: Any) -> None:
            runs = process(redis)
            stop = lambda: stopped.append(epoch)  # noqa: E731
            await runs._broker.write(names, epoch, log, asyncio.Event(), stop, bool)
            await runs.close()

        await write(log_of(["new"]), 2_000)
        await write(log_of(["old", "er"]), 1_000)
        follower = process(redis)
        run = await follower._follow(KEY)
        await ended(run)
        entries = await follower._broker.redis.xrange(names.log)
        await follower.close()
        return stopped, end_of(run), {EntryId.parse(entry).epoch for entry, _ in entries}

    stopped, end, epochs = told_loop.run(turn())
    assert stopped == [1_000]
    assert end == ("new", Outcome.COMPLETED)
    assert epochs == {2_000}


def test_all_bells_are_heard_on_one_subscription() -> None:
    """Also if two are the first at once, and one that came before them has left."""

    async def ring() -> int:
        broker = RedisBroker("redis://nowhere", 600)
        broker.redis = FakeRedis(decode_responses=True)
        subscriptions: list[Any] = []
        make = broker.redis.pubsub

        def pubsub() -> Any:
            subscriptions.append(make())
            return subscriptions[-1]

        broker.redis.pubsub = pubsub
        leaves = asyncio.create_task(broker.listen("bell-0"))
        await asyncio.sleep(0)
        leaves.cancel()
        bells = await asyncio.gather(broker.listen("bell-1"), broker.listen("bell-2"))
        for number in (1, 2):
            await broker.redis.publish(f"bell-{number}", "")
        async with asyncio.timeout(60):
            await asyncio.gather(*(bell.wait() for bell in bells))
        await broker.close()
        return len(subscriptions)

    assert told_loop.run(ring()) == 1
