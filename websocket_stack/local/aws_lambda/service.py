"""Asynchronous invocations: at once, without retries, and with a destination of failures.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from websocket_stack.local.aws_json import ACCOUNT_ID, REGION, ServiceError
from websocket_stack.local.functions.function import FunctionError, Invocable


class Deployed(NamedTuple):
    """A function as it is set up for asynchronous invocations.

    Attributes:
        function: the function.
        timeout_seconds: how long a call may take.
        on_failure: the function that is called with the record of a failed invocation.
    """

    function: Invocable
    timeout_seconds: float
    on_failure: Invocable | None = None


class LambdaFunctions:
    """The functions that can be invoked asynchronously.

    Args:
        functions: each function by its name.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self, functions: Mapping[str, Deployed], now: Callable[[], float] = time.time
    ) -> None:
        self._functions = functions
        self._now = now
        # The event loop itself keeps no task.
        self._calls: set[asyncio.Task[None]] = set()

    def invoke(self, name: str, event: Mapping[str, Any]) -> None:
        """Have a function called, at once, and do not wait for it.

        Args:
            name: its name or ARN, with an alias or without.
            event: what it is called with.

        Raises:
            ServiceError: 404, there is no such function.
        """
        # arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS
        parts = name.split(":")[6:] if name.startswith("arn:") else name.split(":")
        deployed = self._functions.get(parts[0]) if parts else None
        if deployed is None:
            raise ServiceError(404, "ResourceNotFoundException", f"Function not found: {name}")
        call = asyncio.create_task(self._call(parts[0], deployed, event))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, name: str, deployed: Deployed, event: Mapping[str, Any]) -> None:
        request_id = str(uuid.uuid4())
        try:
            await asyncio.wait_for(deployed.function.invoke(event), deployed.timeout_seconds)
        except FunctionError as exc:
            await self._report(name, deployed, event, request_id, {"errorType": str(exc)})
        except TimeoutError:
            # Lambda ends it there; a thread cannot be ended, and what it does still counts.
            text = f"{request_id} Task timed out after {deployed.timeout_seconds:.2f} seconds"
            await self._report(name, deployed, event, request_id, {"errorMessage": text})

    async def _report(
        self,
        name: str,
        deployed: Deployed,
        event: Mapping[str, Any],
        request_id: str,
        payload: Mapping[str, str],
    ) -> None:
        if deployed.on_failure is None:
            return
        timestamp = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        record = {
            "version": "1.0",
            "timestamp": timestamp.replace("+00:00", "Z"),
            "requestContext": {
                "requestId": request_id,
                "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 1,
            },
            "requestPayload": event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": payload,
        }
        try:
            await deployed.on_failure.invoke(record)
        except FunctionError:
            pass  # logged; a destination has no destination
