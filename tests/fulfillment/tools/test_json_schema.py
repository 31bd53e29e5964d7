from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import make_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Literal, TypedDict

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fulfillment.errors import ToolError
from fulfillment.tools.json_schema import Mismatch, Shape, choice_of, take
from fulfillment.tools.type_hints import shape_of


class Ascending(Enum):
    YES = True
    NO = False


class Range(TypedDict, total=False):
    least: int
    most: int


class Query(TypedDict):
    text: str
    pages: Range


# Few and alike, so that a value of one kind is often nearly one of another.
LEAVES: list[Any] = [None, True, False, 0, 1, 3, 1.0, 1.5, "", "a", "3", "true", "null", "[1]"]
VALUES = st.recursive(
    st.sampled_from([*LEAVES, "2026-01-31"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3)
    ),
    max_leaves=6,
)

PLAIN = [str, int, float, bool, date, Any, Literal["a", 1, None], Literal[True], Ascending]


def records(hints: SearchStrategy) -> Any:
    """Return types with two keys, the second of which can be left out."""
    return st.tuples(hints, hints).map(
        lambda pair: make_dataclass("Record", [("x", pair[0]), ("y", pair[1], None)])
    )


HINTS = st.recursive(
    st.sampled_from(PLAIN),
    lambda inner: (
        inner.map(lambda hint: list[hint])  # type: ignore[valid-type]
        | inner.map(lambda hint: dict[str, hint])  # type: ignore[valid-type]
        | st.tuples(inner, inner).map(lambda pair: pair[0] | None | list[pair[1]])  # type: ignore[valid-type]
        | records(inner)
    ),
    max_leaves=4,
)


def values_of(schema: Mapping[str, Any]) -> SearchStrategy:
    """Return values that nearly always fit a schema."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values_of(each) for each in schema["anyOf"]])
    match schema.get("type"):
        case "array":
            return st.lists(values_of(schema["items"]), max_size=2)
        case "object" if "additionalProperties" in schema:
            return st.dictionaries(st.text("xy"), values_of(schema["additionalProperties"]))
        case "object":
            keys = {key: values_of(each) for key, each in schema["properties"].items()}
            required = {key: keys.pop(key) for key in schema.get("required", ())}
            return st.fixed_dictionaries(required, optional=keys)
    plain = {"string": st.text(max_size=3), "integer": st.integers(), "boolean": st.booleans()}
    plain |= {"number": st.floats(allow_nan=False, allow_infinity=False), "null": st.none()}
    if schema.get("format") == "date":
        return st.dates().map(str)
    return plain.get(schema.get("type", ""), VALUES)


def closed(schema: Any) -> Any:
    """Return a schema that refuses unknown keys, as tools do though theirs does not say so."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    added = {"additionalProperties": False} if "properties" in schema else {}
    return added | {key: closed(each) for key, each in schema.items()}


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    checker = jsonschema.FormatChecker(["date"])
    validator = jsonschema.Draft202012Validator(closed(schema), format_checker=checker)
    return bool(validator.is_valid(value))


def taken(shape: Shape, value: Any, **how: Any) -> tuple[Any, bool]:
    """Return what is made of a value, and whether it is taken at all."""
    try:
        return take(shape, value, **how), True
    except Mismatch:
        return None, False


@given(st.data(), HINTS)
def test_strictness_is_what_the_schema_accepts(data: st.DataObject, hint: Any) -> None:
    shape = shape_of(hint)
    value = data.draw(values_of(shape.schema) | VALUES)
    assert taken(shape, value, lenient=False)[1] == fits(value, shape.schema)


@given(st.data(), HINTS)
def test_leniency_changes_nothing_of_what_fits(data: st.DataObject, hint: Any) -> None:
    shape = shape_of(hint)
    value = data.draw(values_of(shape.schema) | VALUES)
    strictly, fitted = taken(shape, value, lenient=False)
    if fitted:
        assert repr(take(shape, value)) == repr(strictly)


@given(st.data(), st.sampled_from([int, float, bool, list[int], dict[str, list[bool]], Query]))
def test_json_in_a_string_is_taken_too(data: st.DataObject, hint: Any) -> None:
    shape = shape_of(hint)
    value = data.draw(values_of(shape.schema))
    assert take(shape, json.dumps(value)) == take(shape, value)


@given(VALUES | st.text() | st.binary(), HINTS)
def test_nothing_raises_anything_but_a_mismatch(value: Any, hint: Any) -> None:
    taken(shape_of(hint), value)


@pytest.mark.parametrize(
    ("hint", "written", "value"),
    [
        (int, "3", 3),
        (int, 3.0, 3),
        (int, "3.0", 3),
        (float, 3, 3.0),
        (float, " 2.5 ", 2.5),
        (bool, "true", True),
        (str, 100, "100"),
        (str, "[1]", "[1]"),
        (str | None, "null", "null"),
        (int | None, "null", None),
        (int | str, "3", "3"),
        (list[int], '["1", 2]', [1, 2]),
        (dict[str, int], '{"a": "1"}', {"a": 1}),
        (list[str], [1, "2"], ["1", "2"]),
        (Literal[1, 2], "2", 2),
        (Literal["1", "2"], 2, "2"),
        (date, "2026-01-31", date(2026, 1, 31)),
        (datetime, "2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (datetime, "2026-01-31T10:00", datetime(2026, 1, 31, 10)),
        (Query, {"text": 5, "pages": '{"least": 1}'}, {"text": "5", "pages": {"least": 1}}),
    ],
)
def test_near_forms_are_taken(hint: Any, written: Any, value: Any) -> None:
    converted = take(shape_of(hint), written)
    assert (converted, type(converted)) == (value, type(value))


@pytest.mark.parametrize(
    ("hint", "value", "message"),
    [
        (str, None, "x must be a string, not null"),
        (str, True, "x must be a string, not a boolean"),
        (str, 1.1, "x must be a string, not a number"),
        (int, "three", "x must be an integer, not a string"),
        (int, 3.5, "x must be an integer, not a number"),
        (int, True, "x must be an integer, not a boolean"),
        (int, float("inf"), "x must be an integer, not a number"),
        (int, float("nan"), "x must be an integer, not a number"),
        (float, float("nan"), "x must be a number"),
        (float, "Infinity", "x must be a number, not a string"),
        (bool, "yes", "x must be true or false, not a string"),
        (bool, 1, "x must be true or false, not an integer"),
        (date, "tomorrow", "x must be a date such as 2026-01-31"),
        (date, 5, "x must be a date such as 2026-01-31, not an integer"),
        (datetime, "x", "x must be a date and time such as 2026-01-31T10:00:00Z"),
        (list[int], {}, "x must be an array, not an object"),
        (list[int], [1, "b"], "x[1] must be an integer, not a string"),
        (dict[str, int], [], "x must be an object, not an array"),
        (dict[str, int], {"a": "b"}, "x.a must be an integer, not a string"),
        (Literal["a", "ü"], "c", 'x must be one of "a", "ü"'),
        (Literal[1], True, "x must be one of 1, not a boolean"),
        (int | None, "b", "x must be an integer or null, not a string"),
        (list[int] | None, ["b"], "x[0] must be an integer, not a string"),
        (Query, [], "x must be an object, not an array"),
        (
            Query,
            {"text": "", "pages": {"most": ""}},
            "x.pages.most must be an integer, not a string",
        ),
        (Query, {"z": 1, "text": ""}, "x.z is not known; x.pages is missing"),
        (str, b"", "x must be a string, not that"),
    ],
)
def test_a_mismatch_names_its_place_and_what_fits(hint: Any, value: Any, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        take(shape_of(hint), value, "x")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        pytest.param(int, "1" * 5_000, id="digits"),
        pytest.param(int, "[" * 100_000, id="brackets"),
        pytest.param(float, 10**400, id="no float"),
        pytest.param(str, 10**5_000, id="more digits than Python writes"),
    ],
)
def test_what_is_too_large_does_not_fit(hint: type[str | float], value: str | int) -> None:
    with pytest.raises(Mismatch):
        take(shape_of(hint), value)


@pytest.mark.parametrize("members", [[], [1.5], ["a", b"b"]])
def test_a_choice_is_of_texts_or_whole_numbers(members: list[str | bytes | float]) -> None:
    with pytest.raises(ToolError):
        choice_of(members)
