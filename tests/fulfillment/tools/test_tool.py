from __future__ import annotations

import functools
from collections.abc import AsyncGenerator
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from fulfillment.errors import LexStreamingError, ToolError
from fulfillment.models.base import ToolSpec
from fulfillment.tools import Tool, ToolFailed
from fulfillment.tools.tool import NAME


def order_status(order_id: str, verbose: bool = False) -> str:
    """Look up an order.

    Args:
        order_id: the order's number, such as A-100.
    """
    return f"{order_id} is on its way"


SCHEMA = {
    "type": "object",
    "properties": {
        "order_id": {"description": "the order's number, such as A-100.", "type": "string"},
        "verbose": {"type": "boolean"},
    },
    "required": ["order_id"],
}


# --- how a model sees it


def test_a_function_describes_itself() -> None:
    assert Tool(order_status).spec == ToolSpec("order_status", "Look up an order.", SCHEMA)


def test_what_hints_cannot_say_can_be_said() -> None:
    schema = {"type": "object", "properties": {"q": {"type": "string", "maxLength": 9}}}
    tool = Tool(lambda **what: what, name="search", description="Search.", schema=schema)
    assert tool.spec == ToolSpec("search", "Search.", schema)
    assert tool.arguments({"q": 7}) == {"q": 7}
    with pytest.raises(ToolFailed, match="p is not known"):
        tool.arguments({"p": "x"})


def test_converse_takes_the_spec() -> None:
    name, text, schema = Tool(order_status, name="orders-2").spec
    spec = {"toolSpec": {"name": name, "description": text, "inputSchema": {"json": schema}}}
    model = boto3.client("bedrock-runtime").meta.service_model
    request = {"modelId": "m", "toolConfig": {"tools": [spec]}}
    shape: Any = model.operation_model("Converse").input_shape
    assert ParamValidator().validate(request, shape).generate_report() == ""


def test_names_are_what_bedrock_allows() -> None:
    allowed = boto3.client("bedrock-runtime").meta.service_model.shape_for("ToolName").metadata
    assert NAME.pattern == allowed["pattern"].replace("+", f"{{{allowed['min']},{allowed['max']}}}")


@pytest.mark.parametrize("name", ["", "a b", "ü", "a" * 65, "<lambda>", "a\n"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ToolError, match="cannot be the name"):
        Tool(order_status, name=name)


def undocumented(x: int) -> None: ...


def only_arguments(x: int) -> None:
    """Args:
    x: a number.
    """


async def asynchronous() -> None:
    """Wait."""


async def asynchronous_generator() -> AsyncGenerator[Any, None]:
    """Wait."""
    yield ""


def unhinted(x) -> None:  # type: ignore[no-untyped-def]
    """Do it."""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (undocumented, "undocumented has no docstring"),
        (only_arguments, "only_arguments has no docstring"),
        (asynchronous, "asynchronous: a tool is not async"),
        (asynchronous_generator, "asynchronous_generator: a tool is not async"),
        (unhinted, "unhinted: x has no type hint"),
        (object(), "cannot be the name"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_at_once(function: Any, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        Tool(function)


# --- its arguments


class Shop:
    def stock(self, title: str, shelf: int) -> str:
        """Count books."""
        return f"{title} on {shelf}"


def test_bound_methods_and_partials_are_tools() -> None:
    assert Tool(Shop().stock).arguments({"title": "T", "shelf": 1}) == {"title": "T", "shelf": 1}
    bound = Tool(functools.partial(Shop().stock, shelf=7))
    assert bound.arguments({"title": "T"}) == {"title": "T"}
    with pytest.raises(ToolFailed, match=r"^Wrong arguments: shelf is not known\.$"):
        bound.arguments({"title": "T", "shelf": 1})


def test_arguments_become_what_the_hints_say() -> None:
    arguments = {"order_id": 100, "verbose": "true"}
    assert Tool(order_status).arguments(arguments) == {"order_id": "100", "verbose": True}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (None, "The arguments were not a JSON object."),
        ({}, "Wrong arguments: order_id is missing."),
        (
            {"id": "A", "order_id": None},
            "Wrong arguments: id is not known; order_id must be a string, not null.",
        ),
    ],
)
def test_a_model_is_told_what_is_wrong(arguments: dict[str, Any] | None, text: str) -> None:
    with pytest.raises(ToolFailed) as caught:
        Tool(order_status).arguments(arguments)
    assert str(caught.value) == text


def test_a_tools_own_message_is_not_for_the_log() -> None:
    assert not issubclass(ToolFailed, LexStreamingError)
