"""Makes what the Lambda functions of a chat consist of, from their environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import botocore.session
from botocore.httpsession import URLLib3Session

from fulfillment.channels.appsync import AppSyncChannel
from fulfillment.clients import dynamodb_client, session
from fulfillment.streaming.channel import Channel
from websocket_stack.graphql import frame_format
from websocket_stack.graphql.chat_owners import ChatOwners
from websocket_stack.graphql.settings import ChatSettings
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.wiring import runs_of

# To connect, and to read, in seconds. Its stub knows one for both.
TIMEOUTS: Any = (1, 3)
CONNECTIONS = 4


class Parts(NamedTuple):
    """What every function of a chat has.

    Attributes:
        settings: its environment.
        runs: the replies, each a run.
        owners: what their owners run.
        chat_owners: whose each chat is.
        channel: tells subscribers.
    """

    settings: ChatSettings
    runs: RunTable
    owners: Owners
    chat_owners: ChatOwners
    channel: Channel


def parts_of(environ: Mapping[str, str]) -> Parts:
    """Return the parts of a function.

    Raises:
        SettingsError: a setting is missing, or cannot be used.
    """
    settings = ChatSettings.from_environ(environ)
    make_client, region = session()
    dynamodb = dynamodb_client(make_client)
    runs, owners = runs_of(dynamodb, settings.table, settings.asks_at_once, settings.asks_a_minute)
    http = URLLib3Session(timeout=TIMEOUTS, max_pool_connections=CONNECTIONS)
    # Found now, as all else of the environment is, and renewed when they expire.
    credentials: Any = botocore.session.get_session().get_credentials()
    channel = AppSyncChannel(
        settings.graphql_url,
        frame_format.SEND,
        region or "",
        credentials.get_frozen_credentials,
        http.send,
    )
    return Parts(settings, runs, owners, ChatOwners(dynamodb, settings.table), channel)
