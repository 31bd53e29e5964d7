"""What resolves fields: Lambda functions, and the data source that is none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from websocket_stack.local.appsync.service import FieldError, Resolver
from websocket_stack.local.aws_lambda.service import LambdaFunctions
from websocket_stack.local.functions.function import FunctionError, Invocable

# https://docs.aws.amazon.com/general/latest/gr/appsync.html
REQUEST_SECONDS = 30


async def echo(context: Mapping[str, Any]) -> Any:
    """Resolve a field with its arguments, as the template's code for ``send`` does."""
    return context["arguments"]


def direct(function: Invocable) -> Resolver:
    """Return the resolver that hands its context to a function, and waits for what it returns.

    Args:
        function: the function.
    """

    async def resolve(context: Mapping[str, Any]) -> Any:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return json.loads(await function.invoke(context))
        except FunctionError as error:
            # A direct resolver's error has the name of the exception, and its text.
            raise FieldError(str(error), str(error.__cause__ or error)) from None
        except TimeoutError:
            kind = "Lambda:ExecutionTimeoutException"
            raise FieldError(kind, "Execution timed out.") from None

    return resolve


def at_once(functions: LambdaFunctions, name: str) -> Resolver:
    """Return the resolver that has a function called, and does not wait.

    As ``appsync_js/ask_at_once.js`` of the template does it.

    Args:
        functions: the functions that can be called so.
        name: the function's name.
    """

    async def resolve(context: Mapping[str, Any]) -> Any:
        names = ("parentTypeName", "fieldName")
        event = {
            "arguments": context["arguments"],
            "identity": context["identity"],
            "info": {each: context["info"][each] for each in names} | {"variables": {}},
            "source": None,
            "prev": None,
            "request": {"headers": {}},
            "stash": {"atOnce": True},
        }
        functions.invoke(name, event)

    return resolve
