"""Notes what a Lambda function is called with, what it returns, and why it fails."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from fulfillment import telemetry
from fulfillment.bot import Bot
from fulfillment.logs import SERVICE, get_logger
from fulfillment.telemetry import TurnReport
from websocket_stack.local.functions.function import FunctionError, Handler, Invocable, handler_of
from websocket_stack.local.journal.journal import Failure, Invocation, Journal
from websocket_stack.local.journal.terminal import lines_of

# What every record has, besides what the line is about.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Observer:
    """Watches the functions of a stack.

    Args:
        journal: where their calls are noted.
        write: prints a line for people. Without it, turns are logged as on AWS.
    """

    def __init__(self, journal: Journal, write: Callable[[str], None] | None = None) -> None:
        self.journal = journal
        self._write = write

    @contextmanager
    def reading_log(self) -> Iterator[None]:
        """Have the other lines of the functions' log noted, and printed for people, meanwhile."""
        if not self._write:
            yield
            return
        # Powertools gives it a handler for JSON when it is made.
        get_logger()
        logger = logging.getLogger(SERVICE)
        before, logger.handlers = logger.handlers, [LogLines(self.journal, self._write)]
        try:
            yield
        finally:
            logger.handlers = before

    def watched(self, name: str, function: Invocable) -> Invocable:
        """Return a function that notes its calls under a name."""
        return _Watched(name, function, self.journal, self._print)

    def handler_of(self, loaded: Any) -> Handler:
        """Return a handler that reports its turns, where it is a Bot's.

        Args:
            loaded: a Bot, its ``lambda_handler``, or any other handler.
        """
        bot = getattr(loaded, "__self__", loaded)
        if not isinstance(bot, Bot):
            return handler_of(loaded)
        return partial(bot.lambda_handler, record=self._note)

    def _note(self, report: TurnReport) -> None:
        if not self._write:
            telemetry.log_turn(report)
        if invocation := self.journal.current():
            note(report, invocation)

    def _print(self, invocation: Invocation) -> None:
        if self._write:
            for line in lines_of(invocation):
                self._write(line)


class _Watched:
    def __init__(
        self,
        name: str,
        function: Invocable,
        journal: Journal,
        ended: Callable[[Invocation], None],
    ) -> None:
        self._name = name
        self._function = function
        self._journal = journal
        self._ended = ended

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        """Call the function with an event and return its JSON response.

        Raises:
            FunctionError: the function failed.
        """
        invocation = self._journal.begin(self._name, event)
        try:
            response = await self._function.invoke(event)
            invocation.response = json.loads(response)
            return response
        except FunctionError as exc:
            invocation.failures.append(Failure.of("function", _root(exc)))
            raise
        finally:
            self._journal.end(invocation)
            self._ended(invocation)


def note(report: TurnReport, invocation: Invocation) -> None:
    """Add what a turn reports to its invocation."""
    invocation.turn = json.loads(json.dumps(telemetry.fields_of(report), default=str))
    delivery = report.delivery
    errors = {
        "handler": report.text.error,
        "handler, which an error handler answered,": report.handled_error,
        "memory": report.memory_error,
        "delivery": delivery.error if delivery else None,
    }
    invocation.failures += [Failure.of(what, error) for what, error in errors.items() if error]


class LogLines(logging.Handler):
    """Notes the lines of the functions' logs, and passes them on.

    Args:
        journal: where they are noted.
        write: gets each line.
    """

    def __init__(self, journal: Journal, write: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._journal = journal
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        facts = ", ".join(f"{name}: {value}" for name, value in fields.items())
        line = f"{record.levelname.lower()}: {record.getMessage()}" + (
            f" ({facts})" if facts else ""
        )
        if invocation := self._journal.current():
            invocation.log.append(line)
        self._write(line)


def _root(error: BaseException) -> BaseException:
    """Return what an error was raised from, in the end."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
