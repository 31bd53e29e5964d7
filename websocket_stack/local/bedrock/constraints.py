"""Checks a request against its service's own model, in the words that AWS's services use.

botocore checks little of this before it sends: types, least lengths and what is required.
https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import Session

from websocket_stack.local.aws_json import ServiceError

# What JSON holds for each type of a model, and what the services' own language calls it.
TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a String"),
    "blob": ((str,), "a Blob"),
    "integer": ((int,), "an Integer"),
    "long": ((int,), "a Long"),
    "float": ((int, float), "a Float"),
    "double": ((int, float), "a Double"),
    "boolean": ((bool,), "a Boolean"),
    "list": ((list,), "Expected list or null"),
    "map": ((dict,), "Expected null"),
    "structure": ((dict,), "Expected null"),
}


def check(service: str, operation: str, members: Mapping[str, object]) -> None:
    """Check the members of a request; those the model does not know are passed over.

    Members that travel in the path or in a header are only looked at where they are given.

    Raises:
        ServiceError: 400, ``ValidationException``, or ``SerializationException`` for what is not
            even of its type. The message says where, and never what was sent.
    """
    broken = [
        f"Value at '{at}' failed to satisfy constraint: {constraint}"
        for at, constraint in _broken(_input_of(service, operation), members)
    ]
    if broken:
        errors = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''}"
        raise ServiceError(400, "ValidationException", f"{errors} detected: {'; '.join(broken)}")


@cache
def _input_of(service: str, operation: str) -> Shape:
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None, f"{operation} takes nothing"
    return shape


def _broken(shape: Shape, value: object) -> Iterator[tuple[str, str]]:
    """Yield the place and the words of each constraint that is broken."""
    # No recursion: a filter may be nested as deep as whoever sends it likes.
    todo: list[tuple[Shape, Any, str]] = [(shape, value, "")]
    while todo:
        shape, value, at = todo.pop()
        # A document is whatever JSON it is.
        if getattr(shape, "is_document_type", False):
            continue
        _check_type(shape, value)
        for constraint in _constraints(shape, value):
            yield at, constraint
        if isinstance(shape, StructureShape):
            yield from ((_in(at, name), "Member must not be null") for name in _lacks(shape, value))
        todo += reversed(list(_parts(shape, value, at)))


def _check_type(shape: Shape, value: object) -> None:
    types, called = TYPES.get(shape.type_name, ((object,), ""))
    if isinstance(value, types) and (bool in types or not isinstance(value, bool)):
        return
    if isinstance(value, dict | list):
        kind = "structure or map" if isinstance(value, dict) else "list"
        message = f"Start of {kind} found where not expected."
    elif called.startswith("Expected"):
        message = called
    else:
        message = f"{_token(value)} can not be converted to {called}"
    raise ServiceError(400, "SerializationException", message)


def _token(value: object) -> str:
    if isinstance(value, bool):
        return f"{value}_VALUE".upper()
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


def _lacks(shape: StructureShape, value: Any) -> Iterator[str]:
    for name in shape.required_members:
        location = shape.members[name].serialization.get("location")
        if value.get(name) is None and (name in value or location is None):
            yield name


def _parts(shape: Shape, value: Any, at: str) -> Iterator[tuple[Shape, Any, str]]:
    if isinstance(shape, StructureShape):
        members = ((name, shape.members[name]) for name in value if name in shape.members)
        yield from (
            (member, value[name], _in(at, name))
            for name, member in members
            if value[name] is not None
        )
    elif isinstance(shape, ListShape):
        yield from ((shape.member, each, f"{at}.{n}.member") for n, each in enumerate(value, 1))
    elif isinstance(shape, MapShape):
        yield from ((shape.value, each, f"{at}.{name}.member") for name, each in value.items())


def _in(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _constraints(shape: Shape, value: Any) -> Iterator[str]:
    """Yield what a value does not satisfy."""
    rules = shape.metadata
    has_length = isinstance(value, str | list | dict)
    size = len(value) if has_length else value
    what = "length" if has_length else "value"
    if "min" in rules and size < rules["min"]:
        yield f"Member must have {what} greater than or equal to {rules['min']}"
    if "max" in rules and size > rules["max"]:
        yield f"Member must have {what} less than or equal to {rules['max']}"
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {rules['pattern']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"
