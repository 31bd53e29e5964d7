"""Makes what the Lambda functions of the tasks API consist of, from their environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from fulfillment.clients import MakeClient, api_gateway_channel, dynamodb_client, session
from fulfillment.streaming.channel import Channel
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.settings import TaskSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Parts(NamedTuple):
    """What every function of the tasks API has.

    Attributes:
        settings: its environment.
        make_client: makes AWS clients.
        region: theirs.
        dynamodb: a client of the table.
        runs: the runs.
        owners: what their owners run.
        channel: the connections of the API.
    """

    settings: TaskSettings
    make_client: MakeClient
    region: str | None
    dynamodb: DynamoDBClient
    runs: RunTable
    owners: Owners
    channel: Channel


def parts_of(environ: Mapping[str, str]) -> Parts:
    """Return the parts of a function.

    Raises:
        SettingsError: a setting is missing, or cannot be used.
    """
    settings = TaskSettings.from_environ(environ)
    make_client, region = session()
    dynamodb = dynamodb_client(make_client)
    runs, owners = runs_of(
        dynamodb, settings.table, settings.tasks_at_once, settings.tasks_a_minute
    )
    channel = api_gateway_channel(make_client, region, settings.endpoint)
    return Parts(settings, make_client, region, dynamodb, runs, owners, channel)


def runs_of(
    dynamodb: DynamoDBClient, table: str, most_at_once: int, most_a_minute: int
) -> tuple[RunTable, Owners]:
    """Return the runs of a table, and what their owners run.

    Args:
        dynamodb: a client.
        table: the table's name.
        most_at_once: how many runs an owner may have at the same time.
        most_a_minute: how many an owner may begin in a minute.
    """
    runs = RunTable(dynamodb, table)
    owners = Owners(dynamodb, table, runs, most_at_once=most_at_once, most_a_minute=most_a_minute)
    return runs, owners
