"""Shapes of JSON values: each as JSON Schema, in words, and as a conversion to Python. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol, TypeAlias

from fulfillment.errors import ToolError

Schema: TypeAlias = Mapping[str, Any]

NULL: Schema = {"type": "null"}

JSON_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
# The same for a sentence.
WITH_ARTICLE = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


class Mismatch(Exception):
    """A value does not have the shape that it should have.

    The message is for the model alone, never for a log: it may hold names that a model chose.
    """

    def __init__(self, at: str, message: str) -> None:
        super().__init__(message)
        self.at = at


class Convert(Protocol):
    """Converts a value to what Python has for it."""

    def __call__(self, value: object, at: str, *, lenient: bool) -> object:
        """Return the converted value.

        Args:
            value: as JSON has it.
            at: its place, such as ``filters.sizes[2]``.
            lenient: whether near forms are taken too.

        Raises:
            Mismatch: the value does not have the shape.
        """


class Shape(NamedTuple):
    """What may stand somewhere in a tool's arguments."""

    schema: Schema
    words: str
    """The same for a sentence, such as "an integer"."""
    convert: Convert


class Field(NamedTuple):
    """One argument of a function, or one key of an object."""

    name: str
    shape: Shape
    required: bool


def take(shape: Shape, value: object, at: str = "", *, lenient: bool = True) -> object:
    """Convert a value; if lenient, also one that a model wrote in a near form.

    Models write "3" for 3, 100 for "100", and a whole list or object as a string of JSON:
    https://github.com/anthropics/claude-code/issues/86459

    Args:
        shape: what the value should be.
        value: as JSON has it.
        at: its place, for the message of an error; empty for all of the arguments.
        lenient: whether near forms are taken too.

    Raises:
        Mismatch: the value does not have this shape.
    """
    try:
        return shape.convert(value, at, lenient=lenient)
    except Mismatch as exc:
        failure = exc
    for near in _near_forms(value) if lenient else ():
        try:
            return shape.convert(near, at, lenient=lenient)
        except Mismatch:
            pass
    raise failure


def _near_forms(value: object) -> list[object]:
    try:
        if isinstance(value, str):
            return [json.loads(value)]
        # Not a fraction: 1.10 has lost the nought that "1.10" would have.
        if isinstance(value, int) and not isinstance(value, bool):
            return [str(value)]
    except (ValueError, RecursionError):
        pass
    return []


def plain(schema: Schema, words: str, read: Callable[[Any], object]) -> Shape:
    """Return the shape of a single value.

    Args:
        schema: its JSON Schema.
        words: the same for a sentence.
        read: converts it; raises TypeError, ValueError or OverflowError if it cannot.
    """

    def convert(value: object, at: str, *, lenient: bool) -> object:
        try:
            return read(value)
        except (TypeError, ValueError, OverflowError):
            raise _mismatch(at, words, schema, value) from None

    return Shape(schema, words, convert)


def array_of(item: Shape) -> Shape:
    """Return the shape of a list."""
    schema = {"type": "array", "items": item.schema}

    def convert(value: object, at: str, *, lenient: bool) -> object:
        if not isinstance(value, list):
            raise _mismatch(at, "an array", schema, value)
        return [take(item, each, f"{at}[{n}]", lenient=lenient) for n, each in enumerate(value)]

    return Shape(schema, "an array", convert)


def mapping_of(item: Shape) -> Shape:
    """Return the shape of an object with any names."""
    schema = {"type": "object", "additionalProperties": item.schema}

    def convert(value: object, at: str, *, lenient: bool) -> object:
        if not isinstance(value, Mapping):
            raise _mismatch(at, "an object", schema, value)
        return {
            name: take(item, each, _in(at, name), lenient=lenient) for name, each in value.items()
        }

    return Shape(schema, "an object", convert)


def object_of(fields: Sequence[Field], make: Callable[..., object]) -> Shape:
    """Return the shape of an object with these fields.

    Args:
        fields: its fields; others are refused.
        make: called with their values, by name, for what Python has instead.
    """
    # No "additionalProperties": Mistral and Llama on Bedrock refuse even its false.
    # https://github.com/Tracer-Cloud/opensre/pull/2404
    schema: dict[str, object] = {
        "type": "object",
        "properties": {field.name: field.shape.schema for field in fields},
    }
    if required := [field.name for field in fields if field.required]:
        schema["required"] = required
    names = {field.name for field in fields}

    def convert(value: object, at: str, *, lenient: bool) -> object:
        if not isinstance(value, Mapping):
            raise _mismatch(at, "an object", schema, value)
        failures = [_because(_in(at, name), "is not known") for name in value if name not in names]
        found = {}
        for field in fields:
            place = _in(at, field.name)
            if field.name in value:
                try:
                    found[field.name] = take(field.shape, value[field.name], place, lenient=lenient)
                except Mismatch as exc:
                    failures.append(exc)
            elif field.required:
                failures.append(_because(place, "is missing"))
        if failures:
            raise Mismatch(failures[0].at, "; ".join(map(str, failures)))
        return make(**found)

    return Shape(schema, "an object", convert)


def choice_of(members: Iterable[object]) -> Shape:
    """Return the shape of one of these values; an ``Enum`` member is written as its value.

    Raises:
        ToolError: a value is not text, a whole number, a boolean or ``None``, or there is none.
    """
    choices = [(m.value if isinstance(m, Enum) else m, m) for m in members]
    values = [value for value, _ in choices]
    if not values or any(type(value) not in (str, int, bool, type(None)) for value in values):
        raise ToolError("a choice is one of some texts or whole numbers")
    schema: dict[str, object] = {"enum": values}
    types = {JSON_TYPES[type(value)] for value in values}
    if len(types) == 1:
        schema = {"type": types.pop(), **schema}
    words = f"one of {', '.join(json.dumps(value, ensure_ascii=False) for value in values)}"

    def convert(value: object, at: str, *, lenient: bool) -> object:
        for form, member in choices:
            # In Python, and not in JSON, True is 1.
            if form == value and isinstance(form, bool) == isinstance(value, bool):
                return member
        raise _mismatch(at, words, schema, value)

    return Shape(schema, words, convert)


def any_of(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of what has one of these."""
    schema = {"anyOf": [shape.schema for shape in shapes]}
    words = " or ".join(dict.fromkeys(shape.words for shape in shapes))

    def convert(value: object, at: str, *, lenient: bool) -> object:
        failures = []
        # What is right as it is, before what is right in a near form.
        for leniency in (False, True) if lenient else (False,):
            for shape in shapes:
                try:
                    return take(shape, value, at, lenient=leniency)
                except Mismatch as exc:
                    failures.append(exc)
        for failure in failures:
            # One that got further says more than that it is none of them.
            if failure.at != at:
                raise failure
        raise _mismatch(at, words, schema, value)

    return Shape(schema, words, convert)


def described(shape: Shape, text: str | None) -> Shape:
    """Add a description, unless there is one already."""
    return shape._replace(schema={"description": text, **shape.schema}) if text else shape


def without_null(shape: Shape) -> Shape:
    """Leave null out of the schema; it is still accepted."""
    others = [other for other in shape.schema.get("anyOf", ()) if other != NULL]
    rest = {key: value for key, value in shape.schema.items() if key != "anyOf"}
    if not others:
        return shape
    schema = others[0] if len(others) == 1 else {"anyOf": others}
    return shape._replace(schema={**schema, **rest})


def _of_type(kind: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return read


def _integer(value: object) -> int:
    # JSON has one kind of number: 3.0 is an integer.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    return int(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _because(at: str, what: str) -> Mismatch:
    return Mismatch(at, f"{at} {what}")


def _mismatch(at: str, words: str, schema: Schema, value: object) -> Mismatch:
    json_type = JSON_TYPES.get(type(value), "")
    if json_type == schema.get("type"):
        return _because(at, f"must be {words}")
    return _because(at, f"must be {words}, not {WITH_ARTICLE.get(json_type, 'that')}")


def _in(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


ANYTHING = plain({}, "anything", lambda value: value)
STRING = plain({"type": "string"}, "a string", _of_type(str))
INTEGER = plain({"type": "integer"}, "an integer", _integer)
NUMBER = plain({"type": "number"}, "a number", _number)
BOOLEAN = plain({"type": "boolean"}, "true or false", _of_type(bool))
NOTHING = plain(NULL, "null", _of_type(type(None)))
DATE = plain({"type": "string", "format": "date"}, "a date such as 2026-01-31", date.fromisoformat)
DATE_TIME = plain(
    {"type": "string", "format": "date-time"},
    "a date and time such as 2026-01-31T10:00:00Z",
    datetime.fromisoformat,
)
