"""One simulated turn: a reply that is written at known times, and the two ways to post it.

A way to post is a generator: it yields when it goes on, and is resumed then.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from itertools import accumulate
from typing import TypeAlias

from fulfillment.errors import ChannelBusy
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.settings import LEX_TIMEOUT_SECONDS
from fulfillment.streaming import pacing
from fulfillment.streaming.delivery import Delivery, Done, Post, Wait
from scripts.benchmark.reader import shown
from scripts.benchmark.records import Moment
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.gateway import Gateway

# boto3's default: https://docs.aws.amazon.com/boto3/latest/guide/retries.html
PLAIN_ATTEMPTS = 3


class Turn:
    """A question, its reply, and what became of it.

    Args:
        crowd: who asks.
        asked_at: when, in seconds.
        gateway: takes the posts.

    Attributes:
        asked_at: as given.
        tokens: the reply.
        written_at: when the model wrote each of them.
        frames: the text of each frame that arrived.
        posts: how many posts were tried.
        ended_at: when the turn returned.
        has_replied: whether it returned the reply, or failed.
    """

    def __init__(self, crowd: Crowd, asked_at: float, gateway: Gateway) -> None:
        self.asked_at = asked_at
        self.tokens = [f"{index} " for index in range(crowd.tokens)]
        first = asked_at + crowd.pace.first_token_seconds
        self.written_at = [
            first + index / crowd.pace.tokens_per_second for index in range(crowd.tokens)
        ]
        self.frames: list[str] = []
        self.posts = 0
        self.ended_at = math.inf
        self.has_replied = False
        self._arrivals: list[Moment] = []
        self._gateway = gateway
        self._post_seconds = crowd.pace.post_seconds

    def post(self, text: str, now: float) -> Generator[float, None, bool]:
        """Post a frame; return whether it was taken."""
        self.posts += 1
        is_taken = self._gateway.post(now)
        now += self._post_seconds
        yield now
        if is_taken:
            self.frames.append(text)
            self._arrivals.append(Moment(now, len(text)))
        return is_taken

    def end(self, now: float, *, has_replied: bool) -> None:
        """Take that the turn returned."""
        self.ended_at, self.has_replied = now, has_replied

    def lags(self) -> Iterator[float]:
        """Yield for each token from when it was written to when it was on the screen."""
        steps = shown(self._arrivals, self.ended_at)
        lengths = list(accumulate(step.characters for step in steps))
        written = accumulate(map(len, self.tokens))
        rest_at = self.ended_at if self.has_replied else math.inf
        frame = 0
        for characters, written_at in zip(written, self.written_at, strict=True):
            while frame < len(steps) and lengths[frame] < characters:
                frame += 1
            yield (steps[frame].at if frame < len(steps) else rest_at) - written_at


Posting: TypeAlias = Callable[[Turn, Crowd], Iterator[float]]
"""Posts the reply of a turn, ends it, and yields when to go on."""


def lex_streaming(turn: Turn, crowd: Crowd) -> Iterator[float]:
    """Post a reply by the fulfillment Lambda's own rules."""
    delivery = Delivery(
        PairedText(),
        pacing.Pace(crowd.flush_interval_seconds),
        tail="reply",
        address="connection",
    )
    now, complete_at, written = turn.asked_at, turn.written_at[-1], 0
    while True:
        until_now = bisect_right(turn.written_at, now)
        for token in turn.tokens[written:until_now]:
            delivery.write(token)
        written = until_now
        if now >= complete_at:
            delivery.complete()
        action = delivery.next(now)
        if isinstance(action, Post):
            is_taken = yield from turn.post(action.payload, now)
            now += crowd.pace.post_seconds
            if is_taken:
                delivery.posted(now)
            else:
                delivery.failed(ChannelBusy(), now)
        elif isinstance(action, Wait):
            now = turn.written_at[written] if action.until is None else action.until
            now = min(now, complete_at)
            yield now
        else:
            assert isinstance(action, Done)
            return turn.end(now, has_replied=True)


def plain_loop(jitter: Callable[[], float]) -> Posting:
    """Return the loop of one blocking post a token, with boto3's default retries.

    A post that is refused three times raises, which loses the turn, and so does Lex's timeout.

    Args:
        jitter: a number from 0 to 1.
    """

    def post_all(turn: Turn, crowd: Crowd) -> Iterator[float]:
        now = turn.asked_at
        for token, written_at in zip(turn.tokens, turn.written_at, strict=True):
            if written_at > now:
                now = written_at
                yield now
            attempt = 0
            while not (yield from turn.post(token, now)):
                attempt += 1
                now += crowd.pace.post_seconds
                if attempt == PLAIN_ATTEMPTS:
                    return turn.end(now, has_replied=False)
                now += jitter() * 2 ** (attempt - 1)
                yield now
            now += crowd.pace.post_seconds
            if now > turn.asked_at + LEX_TIMEOUT_SECONDS:
                return turn.end(now, has_replied=False)
        turn.end(now, has_replied=True)

    return post_all
