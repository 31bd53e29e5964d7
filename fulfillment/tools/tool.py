"""A function as a tool: how a model sees it, and how a model's arguments reach it."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Mapping
from typing import Any, cast

from fulfillment.errors import ToolError
from fulfillment.models.base import ToolSpec
from fulfillment.tools.docstrings import summary
from fulfillment.tools.json_schema import Mismatch, Schema, take
from fulfillment.tools.type_hints import Function, arguments_as_described, arguments_of

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolSpecification.html
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ToolFailed(Exception):
    """Raise it in a tool to tell the model why the call failed; the message goes to the model.

    It is not one of this package's errors (see :mod:`fulfillment.errors`), since those are logged.
    """


class Tool:
    """A function that a model can call.

    Args:
        function: the function, which is called with arguments by name.
        name: the tool's name, by default the function's.
        description: what the model reads, by default the first paragraph of the docstring.
        schema: a JSON Schema of the arguments, which are then passed as the model wrote them; by
            default it is made from the type hints.
        progress: a text that the user sees at each call.

    Attributes:
        spec: the tool as a model sees it.

    Raises:
        ToolError: a model could not call the function, or would not know what it is for.
    """

    def __init__(
        self,
        function: Function,
        *,
        name: str | None = None,
        description: str | None = None,
        schema: Schema | None = None,
        progress: str = "",
    ) -> None:
        inner = function.func if isinstance(function, functools.partial) else function
        if name is None:
            name = str(getattr(inner, "__name__", ""))
        if not NAME.fullmatch(name):
            raise ToolError(f"{name!r} cannot be the name of a tool: {NAME.pattern}")
        if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
            raise ToolError(f"{name}: a tool is not async")
        description = description or summary(inspect.getdoc(inner) or "")
        if not description:
            raise ToolError(f"{name} has no docstring, by which a model knows what it is for")
        try:
            self._shape = (
                arguments_of(function) if schema is None else arguments_as_described(schema)
            )
        except ToolError as exc:
            raise ToolError(f"{name}: {exc}") from exc.__cause__
        self.spec = ToolSpec(name, description, self._shape.schema)
        self.function = function
        self.progress = progress

    def arguments(self, arguments: Mapping[str, object] | None) -> dict[str, Any]:
        """Return a model's arguments, converted for the function.

        Args:
            arguments: what the model wrote; ``None`` if that was no JSON object.

        Raises:
            ToolFailed: the function does not accept them; the message tells the model why.
        """
        if arguments is None:
            raise ToolFailed("The arguments were not a JSON object.")
        try:
            return cast(dict[str, Any], take(self._shape, arguments))
        except Mismatch as exc:
            raise ToolFailed(f"Wrong arguments: {exc}.") from None
