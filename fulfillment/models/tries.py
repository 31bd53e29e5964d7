"""Which of several models is asked next, and when. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

# A call that says nothing for this long seldom says anything later, while a fresh one answers
# at once: https://github.com/langchain-ai/langchain-aws/issues/685
FIRST_SIGN_SECONDS = 7.0
# Bedrock wants exponential back-off with jitter where it throttles, as every SDK of AWS does it:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
PAUSE_SECONDS = 0.4
MAX_PAUSE_SECONDS = 4.0
# A model that answers only then has no time left to write a reply.
REPLY_SECONDS = 2.0


class Ask(NamedTuple):
    """Ask a model, by its number."""

    model: int


class Wait(NamedTuple):
    """Wait until the clock reads ``until``, or a call says something or fails."""

    until: float


class GiveUp:
    """Stop: no further call can succeed."""


Action: TypeAlias = Ask | Wait | GiveUp


class Tries:
    """Asks the models in turn, for as long as a reply is still possible.

    When a call fails, the next model is asked at once. When all have failed, the next round begins
    after a pause, each longer than the last. A silent call is not abandoned, since its model may be
    thinking: after a while another call is started, and the first to write wins.

    Args:
        models: how many there are.
        now: the clock's reading, in seconds.
        until: what it reads when the turn is over.
        first_sign_seconds: how long a call may be silent before another one is started.
        pause_seconds: how long the first pause is at most.
        jitter: returns a random number between 0 and 1.
    """

    def __init__(
        self,
        models: int,
        now: float,
        until: float,
        *,
        first_sign_seconds: float,
        pause_seconds: float,
        jitter: Callable[[], float],
    ) -> None:
        self._models = list(range(models))
        self._round = list(self._models)
        # A request that is silent in so many calls is not helped by a further one.
        self._max_open = max(2, models)
        self._open = 0
        self._ask_at = now
        self._until = until
        # The first call of a turn is made whatever time it has.
        self._last_ask_at = float("inf")
        self._later_asks_until = until - min(REPLY_SECONDS, (until - now) / 4)
        self._first_sign_seconds = first_sign_seconds
        self._pause_seconds = pause_seconds
        self._jitter = jitter

    def next(self, now: float) -> Action:
        """Return what to do next."""
        ask_at = max(now, self._ask_at)
        if self._models and self._open < self._max_open and ask_at <= self._last_ask_at:
            return self._ask(now) if ask_at <= now else Wait(ask_at)
        return Wait(self._until) if self._open and now < self._until else GiveUp()

    def spoke(self) -> None:
        """Note that a call gave a sign of life, and that all others are abandoned."""
        self._open = 1

    def failed(self, now: float) -> None:
        """Note that a call failed, but may succeed when repeated."""
        self._open -= 1
        self._ask_at = now
        if not self._round:
            self._ask_at += self._pause(now)

    def rejected(self, model: int, now: float) -> None:
        """Note that a model refused the request, and will refuse it again."""
        self._models = [each for each in self._models if each != model]
        self._round = [each for each in self._round if each != model]
        self.failed(now)

    def _ask(self, now: float) -> Ask:
        self._round = self._round or list(self._models)
        self._open += 1
        self._ask_at = now + self._first_sign_seconds
        self._last_ask_at = self._later_asks_until
        return Ask(self._round.pop(0))

    def _pause(self, now: float) -> float:
        longest = min(self._pause_seconds, MAX_PAUSE_SECONDS)
        self._pause_seconds *= 2
        pause = longest * (1 + self._jitter()) / 2
        # Rather a short pause before the last try than none at all after it.
        left = self._last_ask_at - now
        return min(pause, left) if left > 0 else pause
