"""Lambda functions in this process: loaded under their own environment, called as Lambda does."""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol, TypeAlias

import anyio
import anyio.to_thread
import boto3
import botocore.loaders
import botocore.session

from websocket_stack.local.aws_json import ACCOUNT_ID, REGION
from websocket_stack.local.functions.tracebacks import traceback_of

# Lambda runs each concurrent call in an environment of its own; here each has a thread.
# An account has so many. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_CONCURRENT_CALLS = 1_000

_environment_lock = threading.Lock()

Handler: TypeAlias = Callable[[Any, Any], Any]
"""A Lambda handler: takes an event and a context."""


class FunctionError(Exception):
    """The handler failed, or returned what JSON cannot hold; the message is the error's type."""


class LambdaContext:
    """The context object of one call.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html

    Args:
        name: the function's name.
        timeout_seconds: how long the call may take.
        clock: a clock in seconds.
    """

    def __init__(
        self, name: str, timeout_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._ends_at = clock() + timeout_seconds
        self.aws_request_id = str(uuid.uuid4())
        self.function_name = name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"
        self.memory_limit_in_mb = "1024"
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the call may still take."""
        return max(0, int((self._ends_at - self._clock()) * 1000))


class Invocable(Protocol):
    """A Lambda function, for what calls it."""

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        """Call the function with an event and return its JSON response.

        Raises:
            FunctionError: the function failed.
        """
        ...


class Function:
    """A Lambda function in this process.

    The handler's module is imported afresh under its environment, since it makes its clients at
    import; everything it imports is shared.

    Args:
        name: the function's name.
        handler: its handler, as ``module.attribute``, or a Bot in the place of a handler.
        environment: its environment variables.
        timeout_seconds: how long its calls may take, as they see it.
        adapt: makes a handler of what ``handler`` names.
        concurrency: how many calls run at the same time; others wait.
    """

    def __init__(
        self,
        name: str,
        handler: str,
        environment: Mapping[str, str],
        timeout_seconds: float = 30,
        adapt: Callable[[Any], Handler] | None = None,
        concurrency: int = MAX_CONCURRENT_CALLS,
    ) -> None:
        self.name = name
        self._timeout_seconds = timeout_seconds
        self._threads = anyio.CapacityLimiter(concurrency)
        # By this name a handler knows that it is in Lambda, and makes its clients at import.
        with _environment({**environment, "AWS_LAMBDA_FUNCTION_NAME": name}):
            # boto3's default session keeps the first credentials that it finds.
            boto3.DEFAULT_SESSION = _session()
            self._handler = (adapt or handler_of)(_load(handler))
        boto3.DEFAULT_SESSION = _session_of_the_process()

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        """Call the function with an event and return its JSON response.

        Raises:
            FunctionError: the handler raised.
        """
        return await anyio.to_thread.run_sync(
            self._call, event, limiter=self._threads, abandon_on_cancel=True
        )

    def _call(self, event: Mapping[str, Any]) -> bytes:
        # Through JSON and back: the handler must not share objects with its caller.
        received = json.loads(json.dumps(event))
        try:
            returned = self._handler(received, LambdaContext(self.name, self._timeout_seconds))
            # As the runtimes from python3.12 on do it: no escapes for non-ASCII characters.
            # https://github.com/aws/aws-lambda-python-runtime-interface-client
            return json.dumps(returned, ensure_ascii=False).encode()
        # Lambda reports any error of a handler by its type, and logs it. An exit of the handler
        # must not end this process.
        except (Exception, SystemExit) as exc:
            sys.stderr.write(traceback_of(exc))
            raise FunctionError(type(exc).__name__) from exc


def _session() -> boto3.Session:
    """Return a new session, which parses no description of a service again."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return boto3.Session(botocore_session=session)


@cache
def _session_of_the_process() -> boto3.Session:
    """Return the session of what makes clients in the middle of a call, or outside of one."""
    return _session()


@cache
def _loader(data_path: str | None) -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(data_path)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    with _environment_lock:
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(variables)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def handler_of(loaded: Any) -> Handler:
    """Return a handler, or that of a Bot or of Tasks."""
    handler: Handler = getattr(loaded, "lambda_handler", loaded)
    return handler


def _load(handler: str) -> Any:
    module_name, _, attribute = handler.rpartition(".")
    sys.modules.pop(module_name, None)
    loaded = getattr(importlib.import_module(module_name), attribute)
    if not callable(handler_of(loaded)):
        raise TypeError(f"{attribute} is neither a Bot nor a handler")
    return loaded
