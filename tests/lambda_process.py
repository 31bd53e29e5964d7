"""What a fresh process runs, as in Lambda with the lowest log level: a handler of all records.

Imports nothing of the package itself, whose loggers are to find that handler.
"""

from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path
from typing import Any


class Context:
    """Lambda's, of a turn that has the time that Lex has."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def call_handler(name: str, event: Any, result: Path) -> None:
    """Call a handler and write what it returns to a file, as JSON.

    Args:
        name: its module and its name in it, or ``intent`` for a bot whose intent fails.
        event: what it is called with.
        result: the file.
    """
    logging.basicConfig(level=logging.NOTSET)
    module, _, attribute = name.rpartition(".")
    handler = getattr(importlib.import_module(module), attribute) if module else _failing()
    result.write_text(json.dumps(handler(event, Context())), "utf-8")


def _failing() -> Any:
    from fulfillment import Bot, Turn

    bot = Bot()

    @bot.fallback
    def answer(turn: Turn) -> Any:
        yield "Marimbas are warm. "
        raise ValueError(turn.utterance, turn.session_attributes, turn.request_attributes)

    return bot.lambda_handler


def print_loggers_that_write_requests(module: str) -> None:
    """Import a handler's module; print which of the SDK's loggers would write requests."""
    logging.basicConfig(level=logging.NOTSET)
    importlib.import_module(module)
    names = ["boto3", "botocore.endpoint", "s3transfer.tasks", "urllib3.connectionpool"]
    enabled = [name for name in names if logging.getLogger(name).isEnabledFor(logging.DEBUG)]
    print(enabled)  # noqa: T201 (the caller reads it)
