from __future__ import annotations

import enum
import functools
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    cast,
)

import boto3
import jsonschema
import pytest
from botocore.validate import ParamValidator

from fulfillment.errors import ToolError
from fulfillment.tools.json_schema import Mismatch, take
from fulfillment.tools.type_hints import arguments_as_described, arguments_of, shape_of

OrderId = NewType("OrderId", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 3


class Point(NamedTuple):
    """A place.

    Attributes:
        x: how far to the right.
    """

    x: int
    y: int = 0


@dataclass(kw_only=True)
class Filter:
    """What to leave out.

    Args:
        colours: the ones to keep.
    """

    colours: list[Colour] = field(default_factory=list)
    near: Point | None = None
    computed: int = field(init=False, default=7)


class Book(TypedDict):
    title: str
    pages: NotRequired[Annotated[int, "how thick it is"]]


class Loan(Book, total=False):
    """A book that is lent.

    Attributes:
        until: when it is due.
    """

    until: date
    reader: Required[str]


@dataclass
class Node:
    children: list[Node]


@dataclass
class Started:
    seed: InitVar[int]


INTEGER = {"type": "integer"}
POINT = {
    "type": "object",
    "properties": {"x": {"description": "how far to the right.", **INTEGER}, "y": INTEGER},
    "required": ["x"],
}

SCHEMAS = [
    pytest.param(str, {"type": "string"}, id="str"),
    pytest.param(int, INTEGER, id="int"),
    pytest.param(float, {"type": "number"}, id="float"),
    pytest.param(bool, {"type": "boolean"}, id="bool"),
    pytest.param(Any, {}, id="Any"),
    pytest.param(date, {"type": "string", "format": "date"}, id="date"),
    pytest.param(datetime, {"type": "string", "format": "date-time"}, id="datetime"),
    pytest.param(list[int], {"type": "array", "items": INTEGER}, id="list"),
    pytest.param(Sequence[int], {"type": "array", "items": INTEGER}, id="Sequence"),
    pytest.param(list, {"type": "array", "items": {}}, id="bare list"),
    pytest.param(dict[str, int], {"type": "object", "additionalProperties": INTEGER}, id="dict"),
    pytest.param(
        Mapping[str, int], {"type": "object", "additionalProperties": INTEGER}, id="Mapping"
    ),
    pytest.param(dict, {"type": "object", "additionalProperties": {}}, id="bare dict"),
    pytest.param(
        Literal["fast", "slow"], {"type": "string", "enum": ["fast", "slow"]}, id="Literal"
    ),
    pytest.param(Literal[1, "all", None], {"enum": [1, "all", None]}, id="mixed Literal"),
    pytest.param(Literal[Colour.RED], {"type": "string", "enum": ["red"]}, id="Literal of Enum"),
    pytest.param(Colour, {"type": "string", "enum": ["red", "blue"]}, id="Enum"),
    pytest.param(Size, {"type": "integer", "enum": [1, 3]}, id="IntEnum"),
    pytest.param(int | None, {"anyOf": [INTEGER, {"type": "null"}]}, id="or None"),
    pytest.param(
        Optional[int],  # noqa: UP045
        {"anyOf": [INTEGER, {"type": "null"}]},
        id="Optional",
    ),
    pytest.param(int | str, {"anyOf": [INTEGER, {"type": "string"}]}, id="union"),
    pytest.param(OrderId, {"type": "string"}, id="NewType"),
    pytest.param(
        list[Annotated[int, 0, "a page"]],
        {"type": "array", "items": {"description": "a page", **INTEGER}},
        id="Annotated",
    ),
    pytest.param(Annotated[int, 0], INTEGER, id="Annotated with no text"),
    pytest.param(Point, POINT, id="NamedTuple"),
    pytest.param(
        Filter,
        {
            "type": "object",
            "properties": {
                "colours": {
                    "description": "the ones to keep.",
                    "type": "array",
                    "items": {"type": "string", "enum": ["red", "blue"]},
                },
                "near": POINT,
            },
        },
        id="dataclass",
    ),
    pytest.param(
        Loan,
        {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "pages": {"description": "how thick it is", **INTEGER},
                "until": {"description": "when it is due.", "type": "string", "format": "date"},
                "reader": {"type": "string"},
            },
            "required": ["title", "reader"],
        },
        id="TypedDict",
    ),
]


def converse_input() -> Any:
    client = boto3.client("bedrock-runtime")
    return client.meta.service_model.operation_model("Converse").input_shape


@pytest.mark.parametrize(("hint", "schema"), SCHEMAS)
def test_each_kind_of_hint_has_its_schema(hint: Any, schema: dict[str, Any]) -> None:
    assert shape_of(hint).schema == schema


def test_converse_takes_every_schema() -> None:
    shape = converse_input()
    for hint, expected in (param.values for param in SCHEMAS):
        jsonschema.Draft202012Validator.check_schema(cast(Any, expected))
        schema = {"type": "object", "properties": {"x": shape_of(hint).schema}}
        spec = {"name": "x", "description": "x", "inputSchema": {"json": schema}}
        request = {"modelId": "m", "toolConfig": {"tools": [{"toolSpec": spec}]}}
        assert ParamValidator().validate(request, shape).generate_report() == ""


@pytest.mark.parametrize(
    ("hint", "written", "value"),
    [
        (Colour, "red", Colour.RED),
        (Size, 3, Size.LARGE),
        (Literal[Colour.RED], "red", Colour.RED),
        (Point, {"x": 1}, Point(1, 0)),
        (Filter, {"colours": ["red"], "near": {"x": 1, "y": 2}}, None),
        (Filter, {"near": None}, Filter()),
        (Loan, {"title": "T", "reader": "R", "until": "2026-01-31"}, None),
        (OrderId, "A-100", "A-100"),
        (Any, [{"a": None}], [{"a": None}]),
    ],
)
def test_a_value_arrives_as_what_the_hint_says(hint: Any, written: Any, value: Any) -> None:
    expected = {
        Filter: Filter(colours=[Colour.RED], near=Point(1, 2)),
        Loan: {"title": "T", "reader": "R", "until": date(2026, 1, 31)},
    }
    assert take(shape_of(hint), written) == (expected[hint] if value is None else value)


@pytest.mark.parametrize(
    "hint",
    [complex, bytes, tuple[int, int], set[str], dict[int, str], Literal[b"x"], int | bytes]
    + [list[bytes], enum.Enum, type[int], [int], Filter(), Started, Node, lambda: 1],
)
def test_a_hint_that_json_cannot_hold_is_refused(hint: Any) -> None:
    with pytest.raises(ToolError):
        shape_of(hint)


def test_a_type_that_is_part_of_itself_is_refused() -> None:
    with pytest.raises(ToolError, match="children: .*Node.* is part of itself"):
        shape_of(Node)


def test_a_type_may_be_used_twice() -> None:
    assert shape_of(dict[str, Point | list[Point]]).schema["additionalProperties"]["anyOf"] == [
        POINT,
        {"type": "array", "items": POINT},
    ]


def order_status(
    order_id: Annotated[str, "as on the bill"], verbose: bool = False, note: str | None = None
) -> str:
    """Look up an order.

    Args:
        order_id: the order's number.
        verbose: whether to say more.
        other: not an argument.
    """
    return order_id


ORDER_STATUS = {
    "type": "object",
    "properties": {
        "order_id": {"description": "as on the bill", "type": "string"},
        "verbose": {"description": "whether to say more.", "type": "boolean"},
        "note": {"type": "string"},
    },
    "required": ["order_id"],
}


def lent(until: int | str | None = None) -> None: ...


class Shop:
    def find(self, title: str, *, limit: int = 3) -> str:
        return title


def test_parameters_are_an_object() -> None:
    shape = arguments_of(order_status)
    assert shape.schema == ORDER_STATUS
    assert take(shape, {"order_id": "A-100"}) == {"order_id": "A-100"}


def test_what_can_be_left_out_may_be_null_too() -> None:
    assert take(arguments_of(lent), {"until": None}) == {"until": None}


def test_only_null_is_left_out_of_an_optional_schema() -> None:
    assert arguments_of(lent).schema["properties"]["until"] == {
        "anyOf": [INTEGER, {"type": "string"}]
    }


def test_a_bound_method_has_no_self() -> None:
    assert list(arguments_of(Shop().find).schema["properties"]) == ["title", "limit"]


def test_a_model_does_not_see_what_a_partial_set() -> None:
    shape = arguments_of(functools.partial(Shop().find, limit=1))
    assert list(shape.schema["properties"]) == ["title"]
    with pytest.raises(Mismatch, match="limit is not known"):
        take(shape, {"title": "T", "limit": 100})
    assert arguments_of(functools.partial(Shop().find, "T")).schema["properties"].keys() == {
        "limit"
    }


def test_a_function_is_read_through_its_wrapper() -> None:
    @functools.wraps(Shop.find)
    def wrapper(*args: Any, **kwargs: Any) -> None: ...

    assert list(arguments_of(functools.partial(wrapper, None)).schema["properties"]) == [
        "title",
        "limit",
    ]


def no_hint(x) -> None: ...  # type: ignore[no-untyped-def]


def many(*numbers: int) -> None: ...


def named(**options: int) -> None: ...


def by_place(x: int, /) -> None: ...


def unreadable(x: Unknown) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def nested(where: dict[str, bytes]) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_hint, "x has no type hint"),
        (many, "numbers cannot be given by name"),
        (named, "options cannot be given by name"),
        (by_place, "x cannot be given by name"),
        (unreadable, "the type hints cannot be read: name 'Unknown' is not defined"),
        (nested, "where: <class 'bytes'> is not a type hint"),
        (Shop(), "the type hints cannot be read"),
        (functools.partial(lent, 1, 2, 3), "the parameters cannot be read"),  # type: ignore[call-arg]
    ],
)
def test_what_a_model_cannot_call_is_refused(function: Any, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        arguments_of(function)


def test_own_schemas_are_kept_and_names_checked() -> None:
    schema = {"type": "object", "properties": {"x": INTEGER, "y": {}}, "required": ["x"]}
    shape = arguments_as_described(schema)
    assert shape.schema is schema
    assert take(shape, {"x": "as written"}) == {"x": "as written"}
    with pytest.raises(Mismatch, match="z is not known; x is missing"):
        take(shape, {"z": 1})


@pytest.mark.parametrize(
    "schema", [{}, {"type": "string"}, {"type": "object", "properties": ["x"]}]
)
def test_an_explicit_schema_is_that_of_an_object(schema: dict[str, Any]) -> None:
    with pytest.raises(ToolError):
        arguments_as_described(schema)
