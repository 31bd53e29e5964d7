"""AWS's default quotas per account and Region, and what of each a crowd needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scripts.benchmark.scale.crowd import Crowd

# As in docs/costs.md: the question with the turns that are remembered, and the writes of 1 kB for
# them; a browser is connected for ten minutes.
INPUT_TOKENS = 1_100
WRITES_PER_REPLY = 5
CONNECTION_SECONDS = 600
# A token of a reply counts as five against the quota of Claude models since 3.7.
# https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.md
OUTPUT_TOKEN_WEIGHT = 5
# Requests at once that the bucket of POSTS_PER_SECOND holds; published with it.
POST_BURST = 5_000


class Need(NamedTuple):
    """What a crowd needs while no quota is in its way.

    Attributes:
        crowd: how many people, and what they ask.
        posts_per_reply: frames of a reply.
        reply_seconds: from the question to the return of the turn.
    """

    crowd: Crowd
    posts_per_reply: float
    reply_seconds: float

    @property
    def turns_at_once(self) -> float:
        """Turns that run at any moment."""
        return self.crowd.questions_per_second * self.reply_seconds


class Quota(NamedTuple):
    """A default quota of one account in one Region.

    Attributes:
        name: what is limited.
        limit: how much of it there is.
        need: how much of it a crowd needs.
        page: where AWS publishes it.
    """

    name: str
    limit: float
    need: Callable[[Need], float]
    page: str

    def load(self, need: Need) -> float:
        """Return how many times a crowd needs the quota; above 1 it breaks."""
        return self.need(need) / self.limit


# AWS does not say what a conversation is; a call of RecognizeText in progress is assumed. The
# number was not read on AWS's page itself, but in a copy of its table.
LEX_CONVERSATIONS = Quota(
    "Lex V2: concurrent text conversations per alias",
    50,
    lambda need: need.turns_at_once,
    "https://docs.aws.amazon.com/lexv2/latest/dg/quotas.html",
)
# Claude Haiku 4.5 through a cross-Region profile, as others read it in Service Quotas; AWS's own
# table has one row a model, and accounts can have less.
BEDROCK_TOKENS = Quota(
    "Bedrock: tokens per minute of a model",
    5_000_000,
    lambda need: (
        60
        * need.crowd.questions_per_second
        * (INPUT_TOKENS + OUTPUT_TOKEN_WEIGHT * need.crowd.tokens)
    ),
    "https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-runtime.html",
)
LAMBDA_CONCURRENCY = Quota(
    "Lambda: concurrent executions",
    1_000,
    lambda need: need.turns_at_once,
    "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)
# Shared by all APIs of the account and the posts to their connections.
POSTS_PER_SECOND = Quota(
    "API Gateway: requests per second",
    10_000,
    lambda need: need.crowd.questions_per_second * need.posts_per_reply,
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
)
CONNECTS_PER_SECOND = Quota(
    "API Gateway: new WebSocket connections per second",
    500,
    lambda need: need.crowd.people / CONNECTION_SECONDS,
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "apigateway-execution-service-websocket-limits-table.html",
)
# An on-demand table begins with this, and doubles what it has reached within 30 minutes.
TABLE_WRITES = Quota(
    "DynamoDB: write units per second of a new table",
    4_000,
    lambda need: need.crowd.questions_per_second * WRITES_PER_REPLY,
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html",
)
QUOTAS = (
    LEX_CONVERSATIONS,
    BEDROCK_TOKENS,
    LAMBDA_CONCURRENCY,
    POSTS_PER_SECOND,
    TABLE_WRITES,
    CONNECTS_PER_SECOND,
)


def broken(need: Need) -> Iterator[Quota]:
    """Yield the quotas that do not carry a crowd, the tightest first."""
    for quota in sorted(QUOTAS, key=lambda quota: -quota.load(need)):
        if quota.load(need) > 1:
            yield quota
