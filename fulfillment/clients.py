"""What a bot needs from its surroundings, made once: settings, model, table, channel, clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from fulfillment.channels.base import Channel
from fulfillment.channels.session_table import Sessions, SessionTable
from fulfillment.memory import Memory
from fulfillment.models.base import Model
from fulfillment.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Resources(NamedTuple):
    """``sessions`` and ``channel`` are ``None`` where the settings say not to stream."""

    settings: Settings
    model: Model
    sessions: Sessions | None = None
    channel: Channel | None = None
    memory: Memory | None = None
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Resources:
        """Build the boto3 clients that the settings in ``environ`` ask for.

        Raises:
            SettingsError: a setting cannot be used.
        """
        settings = Settings.from_environ(environ)
        model = _model(settings)
        if not settings.can_stream and not settings.conversation_table:
            return cls(settings, model)
        dynamodb = _dynamodb()
        return cls(
            settings,
            model,
            sessions=SessionTable(dynamodb, settings.session_table or "")
            if settings.can_stream
            else None,
            channel=_channel(settings) if settings.can_stream else None,
            memory=_memory(settings, dynamodb),
        )


# boto3's defaults (60 s read timeout, three attempts) are longer than a whole turn. The default
# session is used throughout: the first client costs 50 ms, each further one of it 2 to 5 ms.


def _model(settings: Settings) -> Model:
    import boto3
    from botocore.config import Config

    from fulfillment.models.bedrock.converse import ConverseModel
    from fulfillment.models.fallback import FallbackModel

    client = boto3.client(
        "bedrock-runtime",
        config=Config(
            connect_timeout=2,
            # Between two reads, so it also bounds a silence of the model in mid-reply.
            read_timeout=20,
            # FallbackModel asks again, and knows what the turn has left.
            retries={"total_max_attempts": 1, "mode": "standard"},
            # A connection left idle for 350 s is dropped by NAT gateways without a word.
            # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
            tcp_keepalive=True,
        ),
    )
    guardrail = None
    if settings.guardrail_id:
        guardrail = {
            "guardrailIdentifier": settings.guardrail_id,
            "guardrailVersion": settings.guardrail_version,
            "streamProcessingMode": settings.guardrail_mode,
        }
    return FallbackModel(
        [
            ConverseModel(
                client, model_id, settings.model_fields, guardrail, settings.prompt_cache_ttl
            )
            for model_id in (settings.model_id, *settings.fallback_model_ids)
        ]
    )


def _dynamodb() -> DynamoDBClient:
    import boto3
    from botocore.config import Config

    # A browser waits for the session table, and a model for the conversation table.
    config = Config(
        connect_timeout=1,
        read_timeout=1,
        retries={"total_max_attempts": 2, "mode": "standard"},
        tcp_keepalive=True,
    )
    return boto3.client("dynamodb", config=config)


def _memory(settings: Settings, dynamodb: DynamoDBClient) -> Memory | None:
    if not settings.conversation_table:
        return None
    from fulfillment.memory.dynamodb import ConversationTable

    return ConversationTable(dynamodb, settings.conversation_table, settings.memory_seconds)


def _channel(settings: Settings) -> Channel:
    import boto3
    from botocore.config import Config

    from fulfillment.channels.api_gateway import ApiGatewayChannel

    # One attempt: the SDK would hold the whole stream for seconds over one 429, and a post that
    # timed out may have arrived. What to do is the deliverer's business.
    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
    )
    return ApiGatewayChannel(
        boto3.client(
            "apigatewaymanagementapi", endpoint_url=settings.streaming_endpoint, config=config
        )
    )
