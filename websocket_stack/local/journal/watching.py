"""Notes what a Lambda function is called with, what it returns, and why it fails."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fulfillment import telemetry
from fulfillment.errors import ConnectionGone
from fulfillment.logs import SERVICE, get_logger
from fulfillment.telemetry import TurnReport
from websocket_stack.local.functions.function import FunctionError, Invocable
from websocket_stack.local.functions.reloading import BotNotLoaded
from websocket_stack.local.journal.journal import FUNCTION, Failure, Invocation, Journal
from websocket_stack.local.journal.terminal import lines_of

# The line of a turn: fulfillment/telemetry.py.
TURN = "turn"
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
        """Have the other lines of the functions' log noted meanwhile, and printed for people."""
        # Powertools gives it a handler for JSON when it is made.
        get_logger()
        logger = logging.getLogger(SERVICE)
        before, noting = logger.handlers, LogLines(self.journal, self._write)
        logger.handlers = [noting] if self._write else [*before, noting]
        try:
            yield
        finally:
            logger.handlers = before

    def watched(self, name: str, function: Invocable) -> Invocable:
        """Return a function that notes its calls under a name."""
        return _Watched(name, function, self)

    def note_turn(self, report: TurnReport) -> None:
        """Note how a turn of the current invocation went."""
        if not self._write:
            with telemetry.recorded_by(None):
                telemetry.log_turn(report)
        if invocation := self.journal.current():
            note(report, invocation)

    def report(self, line: str) -> None:
        """Print a line for people, if there are any."""
        if self._write:
            self._write(line)

    def end(self, invocation: Invocation) -> None:
        """Note that an invocation has ended, and print what is to be said of it."""
        self.journal.end(invocation)
        if self._write:
            for line in lines_of(invocation):
                self._write(line)


class _Watched:
    def __init__(self, name: str, function: Invocable, observer: Observer) -> None:
        self._name = name
        self._function = function
        self._observer = observer

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        """Call the function with an event and return its JSON response.

        Raises:
            FunctionError: the function failed.
        """
        invocation = self._observer.journal.begin(self._name, event)
        try:
            with telemetry.recorded_by(self._observer.note_turn):
                response = await self._function.invoke(event)
            invocation.response = json.loads(response)
            return response
        except FunctionError as exc:
            invocation.failures.append(Failure.of(FUNCTION, _raised(exc)))
            raise
        finally:
            self._observer.end(invocation)


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
    # A reader who leaves is no failure.
    if isinstance(errors["delivery"], ConnectionGone):
        del errors["delivery"]
    invocation.failures += [Failure.of(what, error) for what, error in errors.items() if error]


class LogLines(logging.Handler):
    """Notes the lines of the functions' logs, and passes them on.

    A line that is written while an exception is handled, and says that something failed, becomes a
    failure with a traceback. Its text alone has no message: it may quote what users wrote.

    Args:
        journal: where they are noted.
        write: gets each line that is no failure.
    """

    def __init__(self, journal: Journal, write: Callable[[str], None] | None = None) -> None:
        super().__init__(logging.INFO)
        self._journal = journal
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; a turn's own is noted by its report."""
        if record.getMessage() == TURN:
            return
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        facts = ", ".join(f"{name}: {value}" for name, value in fields.items())
        line = f"{record.levelname.lower()}: {record.getMessage()}" + (
            f" ({facts})" if facts else ""
        )
        failure = _failure_of(record)
        if invocation := self._journal.current():
            invocation.log.append(line)
            invocation.failures += [failure] if failure else []
        if self._write and not (invocation and failure):
            self._write(line)


def _failure_of(record: logging.LogRecord) -> Failure | None:
    """Return the failure that a line is about, if it was handled as the line was written."""
    error = sys.exc_info()[1]
    what = record.getMessage().removesuffix(" failed")
    if error is None or what == record.getMessage():
        return None
    return Failure.of(what, error)


def _raised(error: BaseException) -> BaseException:
    """Return what a function raised, or why it could not be loaded."""
    while isinstance(error, FunctionError | BotNotLoaded) and error.__cause__ is not None:
        error = error.__cause__
    return error
