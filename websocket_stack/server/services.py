"""What all clients of a process share."""

from __future__ import annotations

from typing import NamedTuple

from websocket_stack.server.limits import Asks
from websocket_stack.server.runs import RESTARTING, Runs
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.sign_in import Verifier
from websocket_stack.server.telemetry import Telemetry


class Refusal(NamedTuple):
    """Why a client may not ask now.

    Attributes:
        reason: in a word, for the metrics.
        notice: in a sentence, for the reader.
    """

    reason: str
    notice: str


class Services(NamedTuple):
    """What all clients of a process share.

    Attributes:
        settings: the environment.
        runs: the runs.
        asks: how much each principal has asked.
        telemetry: the metrics and the log.
        verifier: verifies tokens, where clients have to sign in.
    """

    settings: ServerSettings
    runs: Runs
    asks: Asks
    telemetry: Telemetry
    verifier: Verifier | None

    def refusal(self, principal: str) -> Refusal | None:
        """Count a question; return why it may not be asked now, if so.

        Args:
            principal: who asks.
        """
        runs, settings = self.runs, self.settings
        if runs.is_draining:
            return Refusal("restart", RESTARTING)
        if runs.running >= settings.max_runs:
            return Refusal("busy", "The server is busy. Please ask again in a moment.")
        if runs.running_of(principal) >= settings.limits.runs:
            return Refusal("runs", "Please wait until your other questions are answered.")
        if seconds := self.asks.take(principal):
            return Refusal("rate", f"Please ask again in {int(seconds) + 1} s.")
        return None
