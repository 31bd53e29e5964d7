"""Notices what clients of running tasks ask for: a stop, or the rest on a new connection."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fulfillment.logs import log_failure
from fulfillment.streaming.threads import start
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run

# A stop is to be seen within two seconds. A look costs half a read unit for each 4 KB.
LOOK_SECONDS = 1.0


class Watch:
    """Looks at the rows of all runs of this process, on one thread, while there are any.

    Args:
        runs: the runs.
        look_seconds: the time between two looks.
    """

    def __init__(self, runs: RunTable, look_seconds: float = LOOK_SECONDS) -> None:
        self._runs = runs
        self._look_seconds = look_seconds
        self._callbacks: dict[str, Callable[[Run], None]] = {}
        self._changed = threading.Condition()
        self._is_looking = False

    def add(self, key: str, callback: Callable[[Run], None]) -> None:
        """Call back with a run's row, every second, until it is removed."""
        with self._changed:
            self._callbacks[key] = callback
            if not self._is_looking:
                self._is_looking = True
                start("watch", self._look)

    def remove(self, key: str) -> None:
        """Look at a run no longer; once this has returned, nothing is called back any more."""
        with self._changed:
            self._callbacks.pop(key, None)
            if not self._callbacks:
                self._changed.notify()

    def _look(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._callbacks, self._look_seconds)
                if not self._callbacks:
                    self._is_looking = False
                    return
                keys = list(self._callbacks)
            try:
                found = self._runs.find_all(keys)
            # Until the next look: a task does not fail because a stop is seen late.
            except Exception as exc:
                log_failure("the task table could not be read", exc)
                continue
            with self._changed:
                for run in found:
                    if run.key in self._callbacks:
                        self._callbacks[run.key](run)
