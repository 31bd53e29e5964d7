"""The logger, and how a failure is logged. Loads Powertools with the first line that is written."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from fulfillment.errors import describe

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

SERVICE = "fulfillment"

# Two threads that make the logger at the same time would give it two handlers.
_lock = threading.Lock()


def get_logger() -> Logger | logging.Logger:
    """Return the one logger."""
    with _lock:
        return _make_logger()


def log_failure(message: str, error: BaseException) -> None:
    """Log that something failed; never raises.

    Args:
        message: what failed, in words of ours.
        error: why; its own message is not logged, unless it is one of ours.
    """
    # What failed has its own end, which must not be lost over the log.
    with suppress(Exception):
        get_logger().error(message, extra=describe(error))


@cache
def _make_logger() -> Logger | logging.Logger:
    # Powertools raises for a LOG_LEVEL or POWERTOOLS_* value that it cannot use.
    try:
        from aws_lambda_powertools import Logger

        return Logger(service=SERVICE)
    except Exception as exc:
        plain = logging.getLogger(SERVICE)
        plain.setLevel(logging.INFO)
        plain.error("LOG_LEVEL or a POWERTOOLS_ variable cannot be used: %s", exc)
        return plain
