"""The environment of the chat's Lambda function, as one checked value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fulfillment.errors import SettingsError
from fulfillment.settings import Reader


class ChatSettings(NamedTuple):
    """How the chat is set up.

    Attributes:
        table: the task table.
        graphql_url: the API, whose ``send`` the function calls.
        asks_at_once: how many replies an owner may have written at the same time.
        asks_a_minute: how many an owner may ask for in a minute.
        prompt_characters: how long a prompt may be.
    """

    table: str
    graphql_url: str
    asks_at_once: int = 10
    asks_a_minute: int = 60
    prompt_characters: int = 20_000

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ChatSettings:
        """Read the settings.

        Raises:
            SettingsError: a value is missing, or cannot be used; names the variable.
        """
        read = Reader(environ)
        settings = cls(
            table=read.text("TASK_TABLE", ""),
            graphql_url=read.url("GRAPHQL_URL") or "",
            asks_at_once=read.whole("TASKS_AT_ONCE", 10, least=1, most=1_000),
            asks_a_minute=read.whole("TASKS_A_MINUTE", 60, least=1, most=10_000),
            prompt_characters=read.whole("PROMPT_CHARACTERS", 20_000, least=1, most=100_000),
        )
        for name, value in {
            "TASK_TABLE": settings.table,
            "GRAPHQL_URL": settings.graphql_url,
        }.items():
            if not value:
                raise SettingsError(f"{name} is not set")
        return settings
