"""What a bot runs on, made once: its settings, and the AWS clients that they require."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fulfillment.memory.base import Memory
from fulfillment.models.base import Model
from fulfillment.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from fulfillment.streaming.channel import Addresses, Channel


# At DEBUG these write what they send and receive, credentials included. Lambda's application log
# level, like anyone's level of the root logger, holds for each logger that has none of its own.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
AWS_LOGGERS = ("boto3", "botocore", "s3transfer", "urllib3")
for _name in AWS_LOGGERS:
    logging.getLogger(_name).setLevel(logging.INFO)


MakeClient: TypeAlias = Callable[..., Any]
"""A function from a service's name and options to its client, which no stub describes."""


# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
EXECUTE_API = re.compile(r"(?:https|wss)://([^/.]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.")


class Browser(NamedTuple):
    """How the client of a turn is reached.

    Attributes:
        addresses: finds its address.
        channel: where frames go.
    """

    addresses: Addresses
    channel: Channel


class Resources(NamedTuple):
    """What a bot runs on.

    Attributes:
        settings: the environment.
        model: what answers, unless a handler asks another one.
        browser: returns how the client is reached, making AWS clients when it is first called;
            ``None`` where the settings say not to stream.
        memory: where conversations are kept, if anywhere.
        clock: seconds, from any start.
        shares_id: whether the model gets the conversation's id. A bot's own model may have a memory
            of its own; those that the environment names have none.
        stand_in: what answers instead of every model that a handler asks, in a test.
        model_asked: set when a model's first request is on its way.
    """

    settings: Settings
    model: Model
    browser: Callable[[], Browser] | None = None
    memory: Memory | None = None
    clock: Callable[[], float] = time.monotonic
    shares_id: bool = False
    stand_in: Model | None = None
    model_asked: threading.Event | None = None

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        *,
        model: Model | None = None,
        memory: Memory | None = None,
        turn_seconds: float | None = None,
    ) -> Resources:
        """Build the model's client; the browser's are made while the model thinks.

        A cold Lambda's first frame waits for the model's first word, so nothing else is to come
        before its request. With a memory, that request waits for what was said before.

        Args:
            environ: the environment.
            model: what answers, instead of the model that it names.
            memory: where conversations are kept, instead of the table that it names.
            turn_seconds: how long a turn may take, where Lex does not decide that.

        Raises:
            SettingsError: a setting cannot be used.
        """
        settings = Settings.from_environ(environ)
        if turn_seconds is not None:
            settings = settings._replace(turn_seconds=turn_seconds)
        make_client, region = session()
        model_asked, shares_id = None, model is not None
        if model is None:
            model_asked = threading.Event()
            model = _model(settings, make_client, model_asked)
        # Whatever of the environment the later clients need is read now.
        of_dynamodb = {"endpoint_url": environ.get("AWS_ENDPOINT_URL_DYNAMODB") or None}
        dynamodb = cache(lambda: dynamodb_client(make_client, region_name=region, **of_dynamodb))

        def browser() -> Browser:
            from fulfillment.channels.session_table import SessionTable

            addresses = SessionTable(dynamodb(), settings.session_table or "")
            return Browser(
                addresses, api_gateway_channel(make_client, region, settings.streaming_endpoint)
            )

        if memory is None and settings.conversation_table:
            memory = _memory(settings, dynamodb())
        return cls(
            settings,
            model,
            cache(browser) if settings.can_stream else None,
            memory,
            shares_id=shares_id,
            model_asked=model_asked,
        )


def session() -> tuple[MakeClient, str | None]:
    """Return what makes AWS clients, all of one session, and its region.

    A session's first client costs 50 ms, each further one 2 to 5 ms. So boto3's default session is
    shared where the bot has loaded boto3; where not, that saves the 20 ms that boto3 itself takes.
    """
    boto3 = sys.modules.get("boto3")
    if boto3 is None:
        import botocore.session

        session = botocore.session.get_session()
        return session.create_client, session.get_config_variable("region")
    if not boto3.DEFAULT_SESSION:
        boto3.setup_default_session()
    return boto3.DEFAULT_SESSION.client, boto3.DEFAULT_SESSION.region_name


# botocore's defaults (60 s read timeout, three attempts) are longer than a whole turn.


def _model(settings: Settings, make_client: MakeClient, asked: threading.Event) -> Model:
    from botocore.config import Config

    from fulfillment.models.bedrock.converse import ConverseModel
    from fulfillment.models.fallback import FallbackModel

    client = make_client(
        "bedrock-runtime",
        config=Config(
            connect_timeout=2,
            # Between two reads. A model that thinks may be silent for all of a turn, whose end
            # closes the stream.
            read_timeout=settings.turn_seconds,
            # FallbackModel asks again, and knows what the turn has left.
            retries={"total_max_attempts": 1, "mode": "standard"},
            # A connection left idle for 350 s is dropped by NAT gateways without a word.
            # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
            tcp_keepalive=True,
        ),
    )
    client.meta.events.register("before-send.bedrock-runtime", lambda **_: asked.set())
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


def dynamodb_client(make_client: MakeClient, **options: str | None) -> DynamoDBClient:
    """Return a client that gives up within a turn's time."""
    from botocore.config import Config

    # A browser waits for the session table, and a model for the conversation table.
    config = Config(
        connect_timeout=1,
        read_timeout=1,
        retries={"total_max_attempts": 2, "mode": "standard"},
        tcp_keepalive=True,
    )
    client: DynamoDBClient = make_client("dynamodb", config=config, **options)
    return client


def _memory(settings: Settings, dynamodb: DynamoDBClient) -> Memory:
    from fulfillment.memory.dynamodb import ConversationTable

    return ConversationTable(dynamodb, settings.conversation_table or "", settings.memory_seconds)


def api_gateway_channel(
    make_client: MakeClient, region: str | None, endpoint: str | None
) -> Channel:
    """Return the channel to the connections of an API.

    Args:
        make_client: makes AWS clients.
        region: the API's, unless its address names another.
        endpoint: the API's address with its stage.
    """
    from botocore.config import Config

    from fulfillment.channels.api_gateway import ApiGatewayChannel

    # One attempt: the SDK would hold the whole stream for seconds over one 429, and a post that
    # timed out may have arrived. What to do is the delivery's to say.
    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
    )
    return ApiGatewayChannel(
        make_client(
            "apigatewaymanagementapi",
            region_name=_region_of(endpoint or "") or region,
            endpoint_url=endpoint,
            config=config,
        )
    )


def _region_of(endpoint: str) -> str | None:
    """Return the region that an API's address names, for which its requests are to be signed."""
    found = EXECUTE_API.match(endpoint)
    return found[2] if found else None


def is_another_api(address: str, endpoint: str | None) -> bool:
    """Return whether two addresses are those of different APIs; a domain of one's own is any's."""
    one, other = (EXECUTE_API.match(each.lower()) for each in (address, endpoint or ""))
    return bool(one and other and one.groups() != other.groups())
