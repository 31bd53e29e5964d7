"""Tests a bot without AWS: runs one turn as Lambda would, and returns its result.

    from fulfillment.testing import run

    def test_an_order_is_found():
        result = run(bot, "Where is my order?", intent="TrackOrder", slots={"OrderId": "A-17"})
        assert result.reply == "Order **A-17** is on its way."

A turn takes some milliseconds. It needs no network, no region and no credentials.
Nothing here is for production; the handler does not load it.
"""

from fulfillment.models.base import Completion, StopReason, ToolCall
from fulfillment.testing.events import event
from fulfillment.testing.results import Result
from fulfillment.testing.scripted_model import ScriptedModel
from fulfillment.testing.turns import Context, memory, run

__all__ = [
    "Completion",
    "Context",
    "Result",
    "ScriptedModel",
    "StopReason",
    "ToolCall",
    "event",
    "memory",
    "run",
]
