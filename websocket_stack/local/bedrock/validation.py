"""Validates a request against its service's own model, in the words that AWS's services use.

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

# The JSON types of each type of a model, and how the services' own language names it.
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


def validate(service: str, operation: str, members: Mapping[str, object]) -> None:
    """Validate the members of a request; members that the model does not have are ignored.

    Args:
        service: the service's name in botocore.
        operation: the operation's name.
        members: the request. Members that travel in the path or in a header are validated only
            where they are given.

    Raises:
        ServiceError: 400, ``ValidationException``, or ``SerializationException`` for a value of
            another type. The message has the place, and never the value.
    """
    violations = [
        f"Value at '{at}' failed to satisfy constraint: {constraint}"
        for at, constraint in _violations(_input_shape(service, operation), members)
    ]
    if violations:
        errors = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''}"
        message = f"{errors} detected: {'; '.join(violations)}"
        raise ServiceError(400, "ValidationException", message)


@cache
def _input_shape(service: str, operation: str) -> Shape:
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None, f"{operation} takes nothing"
    return shape


def _violations(shape: Shape, value: object) -> Iterator[tuple[str, str]]:
    """Yield the place and the words of each constraint that is violated."""
    # No recursion: a filter may be nested to any depth.
    todo: list[tuple[Shape, Any, str]] = [(shape, value, "")]
    while todo:
        shape, value, at = todo.pop()
        # A document is any JSON.
        if getattr(shape, "is_document_type", False):
            continue
        _check_type(shape, value)
        for constraint in _violated(shape, value):
            yield at, constraint
        if isinstance(shape, StructureShape):
            for name in _missing(shape, value):
                yield _path(at, name), "Member must not be null"
        todo += reversed(list(_members(shape, value, at)))


def _check_type(shape: Shape, value: object) -> None:
    types, expected = TYPES.get(shape.type_name, ((object,), ""))
    if isinstance(value, types) and (bool in types or not isinstance(value, bool)):
        return
    if isinstance(value, dict | list):
        container = "structure or map" if isinstance(value, dict) else "list"
        message = f"Start of {container} found where not expected."
    elif expected.startswith("Expected"):
        message = expected
    else:
        message = f"{_token(value)} can not be converted to {expected}"
    raise ServiceError(400, "SerializationException", message)


def _token(value: object) -> str:
    if isinstance(value, bool):
        return f"{value}_VALUE".upper()
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


def _missing(shape: StructureShape, value: Any) -> Iterator[str]:
    for name in shape.required_members:
        location = shape.members[name].serialization.get("location")
        if value.get(name) is None and (name in value or location is None):
            yield name


def _members(shape: Shape, value: Any, at: str) -> Iterator[tuple[Shape, Any, str]]:
    """Yield the shape, the value and the place of each member of a value."""
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            if name in shape.members and each is not None:
                yield shape.members[name], each, _path(at, name)
    elif isinstance(shape, ListShape):
        yield from ((shape.member, each, f"{at}.{n}.member") for n, each in enumerate(value, 1))
    elif isinstance(shape, MapShape):
        yield from ((shape.value, each, f"{at}.{name}.member") for name, each in value.items())


def _path(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _violated(shape: Shape, value: Any) -> Iterator[str]:
    """Yield the constraints of a shape itself that a value does not satisfy."""
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
