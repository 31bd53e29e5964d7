"""Lambda functions of a test's, for what calls them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any


class FakeFunction:
    """A function that keeps its events.

    Args:
        answer: what it returns: JSON as bytes, any value, an exception to raise, or a function
            of the event that returns one of these.
    """

    def __init__(self, answer: Any = b'{"statusCode": 200}') -> None:
        self._answer = answer
        self.events: list[dict[str, Any]] = []

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        self.events.append(json.loads(json.dumps(event)))
        answer = self._answer(event) if callable(self._answer) else self._answer
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    @property
    def sources(self) -> list[str]:
        """The code hooks of Lex that it was called for."""
        return [event["invocationSource"] for event in self.events]


class StuckFunction(FakeFunction):
    """A function that never returns."""

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        await super().invoke(event)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")
