"""The environment of the Lambda functions of the tasks API, as one checked value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fulfillment.errors import SettingsError
from fulfillment.settings import Reader

SIGN_INS = ("none", "iam", "jwt", "authorizer")


class TaskSettings(NamedTuple):
    """How the tasks API is set up.

    Attributes:
        table: the task table.
        endpoint: the API with its stage, as Lambda functions call it.
        worker: the function that runs tasks, with its alias.
        sign_in: how clients say who they are: ``none``; ``iam``, by signing ``$connect``; ``jwt``,
            with a first message; ``authorizer``, as a Lambda authorizer says.
        issuer: who signs the tokens.
        audience: the audience that the tokens must name.
        keys_url: where the issuer's keys are, if not at its ``/.well-known/jwks.json``.
        sign_in_queue: the queue that tells, after ten seconds, which connections to look at.
        tasks_at_once: how many tasks an owner may have at the same time.
        tasks_a_minute: how many an owner may begin in a minute.
        message_bytes: how long a message may be.
        grace_seconds: how long a task goes on once its connection has closed.
        relay_queue: the FIFO queue that frames go through, or ``None`` to post them.
    """

    table: str
    endpoint: str
    worker: str = ""
    sign_in: str = "none"
    issuer: str = ""
    audience: str = ""
    keys_url: str = ""
    sign_in_queue: str = ""
    tasks_at_once: int = 10
    tasks_a_minute: int = 60
    message_bytes: int = 32 * 1024
    grace_seconds: int = 60
    relay_queue: str | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> TaskSettings:
        """Read the settings.

        Raises:
            SettingsError: a value is missing, or cannot be used; names the variable.
        """
        read = Reader(environ)
        settings = cls(
            table=read.text("TASK_TABLE", ""),
            endpoint=read.api_stage("STREAMING_ENDPOINT") or "",
            worker=read.text("WORKER_FUNCTION", ""),
            sign_in=read.choice("SIGN_IN", "none", SIGN_INS),
            issuer=read.text("JWT_ISSUER", "").rstrip("/"),
            audience=read.text("JWT_AUDIENCE", ""),
            keys_url=read.url("JWT_KEYS_URL") or "",
            sign_in_queue=read.text("SIGN_IN_QUEUE", ""),
            tasks_at_once=read.whole("TASKS_AT_ONCE", 10, least=1, most=1_000),
            tasks_a_minute=read.whole("TASKS_A_MINUTE", 60, least=1, most=10_000),
            message_bytes=read.whole("MESSAGE_BYTES", 32 * 1024, least=1_024, most=128 * 1024),
            grace_seconds=read.whole("GRACE_SECONDS", 60, least=0, most=900),
            relay_queue=read.text("RELAY_QUEUE", "") or None,
        )
        missing = {"TASK_TABLE": settings.table, "STREAMING_ENDPOINT": settings.endpoint}
        if settings.sign_in == "jwt":
            missing |= {"JWT_ISSUER": settings.issuer, "JWT_AUDIENCE": settings.audience}
        for name, value in missing.items():
            if not value:
                raise SettingsError(f"{name} is not set")
        return settings
