"""The account's quota of posts, as a token bucket that all turns share."""

from __future__ import annotations


class Gateway:
    """A gateway that takes posts in the order of their time, or refuses them as with a 429.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html

    Args:
        posts_per_second: what fills the bucket.
        burst: what the bucket holds; it is full at first.
    """

    def __init__(self, posts_per_second: float, burst: float) -> None:
        self._rate = posts_per_second
        self._burst = self._tokens = burst
        self._now = 0.0

    def post(self, now: float) -> bool:
        """Return whether a post is taken.

        Args:
            now: seconds, never less than in the call before.
        """
        self._tokens = min(self._burst, self._tokens + (now - self._now) * self._rate)
        self._now = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
