"""Tests a bot with no AWS: one turn as Lambda would run it, and what came of it."""

from fulfillment.testing.runner import (
    Completion,
    Context,
    Result,
    ScriptedModel,
    StopReason,
    ToolCall,
    event,
    memory,
    run,
)

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
