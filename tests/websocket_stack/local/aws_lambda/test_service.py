"""Asynchronous invocations, and the record of one that failed, as AWS documents it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.aws_lambda.service import Deployed, LambdaFunctions
from websocket_stack.local.functions.function import FunctionError

NOW = 1_573_754_765.568


class Fake:
    """A function that keeps its events, and then does as it is said."""

    def __init__(self, error: Exception | None = None, *, hangs: bool = False) -> None:
        self.events: list[Any] = []
        self.called = asyncio.Event()
        self._error = error
        self._hangs = hangs

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        self.events.append(json.loads(json.dumps(event)))
        self.called.set()
        if self._hangs:
            await asyncio.Event().wait()
        if self._error:
            raise self._error
        return b"null"


async def record_of(function: Fake, timeout_seconds: float = 20.0) -> Any:
    destination = Fake()
    deployed = Deployed(function, timeout_seconds, destination)
    LambdaFunctions({"worker": deployed}, now=lambda: NOW).invoke("worker", {"run": "1"})
    await asyncio.wait_for(destination.called.wait(), 20)
    return destination.events[0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "name",
    ["worker", "worker:live", "arn:aws:lambda:us-east-1:000000000000:function:worker:live"],
)
async def test_a_function_is_called_by_any_of_its_names(name: str) -> None:
    function = Fake()
    LambdaFunctions({"worker": Deployed(function, 20)}).invoke(name, {"run": "1"})
    await asyncio.wait_for(function.called.wait(), 20)

    assert function.events == [{"run": "1"}]


@pytest.mark.anyio
async def test_an_unknown_function_is_not_found() -> None:
    with pytest.raises(ServiceError, match="ResourceNotFoundException"):
        LambdaFunctions({}).invoke("worker", {})


@pytest.mark.anyio
async def test_a_failure_is_recorded_once() -> None:
    """See https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    record = await record_of(Fake(FunctionError("KeyError")))

    assert record["requestContext"].pop("requestId")
    assert record == {
        "version": "1.0",
        "timestamp": "2019-11-14T18:06:05.568Z",
        "requestContext": {
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:worker:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"run": "1"},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorType": "KeyError"},
    }


@pytest.mark.anyio
async def test_a_call_that_takes_too_long_has_failed() -> None:
    record = await record_of(Fake(hangs=True), timeout_seconds=0.01)

    assert record["responsePayload"]["errorMessage"].endswith("Task timed out after 0.01 seconds")
