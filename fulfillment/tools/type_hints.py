"""Reads the type hints of a function as the shape of its arguments. Pure."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeAlias

from fulfillment.errors import ToolError
from fulfillment.tools import json_schema as shapes
from fulfillment.tools.docstrings import descriptions
from fulfillment.tools.json_schema import Field, Schema, Shape

Function: TypeAlias = Callable[..., object]

Parents: TypeAlias = tuple[object, ...]
"""The types that a hint is part of."""

PLAIN: Mapping[object, Shape] = {
    str: shapes.STRING,
    int: shapes.INTEGER,
    float: shapes.NUMBER,
    bool: shapes.BOOLEAN,
    type(None): shapes.NOTHING,
    Any: shapes.ANYTHING,
    object: shapes.ANYTHING,
    date: shapes.DATE,
    datetime: shapes.DATE_TIME,
    list: shapes.array_of(shapes.ANYTHING),
    dict: shapes.mapping_of(shapes.ANYTHING),
}

# ``type X = …`` came with Python 3.12.
ALIASES = (typing.NewType, getattr(typing, "TypeAliasType", typing.NewType))


def arguments_of(function: Function) -> Shape:
    """Return the shape of a function's arguments: a dict of those that were given.

    Arguments that a ``functools.partial`` has set are left out.

    Raises:
        ToolError: a parameter has no type hint, or one that JSON cannot hold.
    """
    return shapes.object_of(_parameters(function, ()), dict)


def arguments_as_described(schema: Schema) -> Shape:
    """Return the shape of arguments that have a schema of their own.

    All that is checked is that the required ones are there and that there are no unknown ones.

    Raises:
        ToolError: it is not the schema of an object.
    """
    properties = schema.get("properties", {})
    if schema.get("type") != "object" or not isinstance(properties, Mapping):
        raise ToolError('its schema is not of type "object" with properties')
    required = schema.get("required", ())
    fields = [Field(name, shapes.ANYTHING, name in required) for name in properties]
    return shapes.object_of(fields, dict)._replace(schema=schema)


def shape_of(hint: Any, parents: Parents = ()) -> Shape:
    """Return the shape that a type hint stands for.

    Raises:
        ToolError: it is not one that JSON can hold.
    """
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        texts = (note for note in parts[1:] if isinstance(note, str))
        return shapes.described(shape_of(parts[0], parents), next(texts, None))
    if origin in (typing.Union, types.UnionType):
        return shapes.any_of([shape_of(part, parents) for part in parts])
    if origin is typing.Literal:
        return shapes.choice_of(parts)
    if origin in (list, Sequence) and parts:
        return shapes.array_of(shape_of(parts[0], parents))
    if origin in (dict, Mapping) and parts[:1] == (str,):
        return shapes.mapping_of(shape_of(parts[1], parents))
    if origin is None and isinstance(hint, Hashable) and hint in PLAIN:
        return PLAIN[hint]
    return _shape_of_named(hint, parents)


def _shape_of_named(hint: Any, parents: Parents) -> Shape:
    """Return the shape of a declared type: an alias, an enum, a class with fields."""
    if hint in parents:
        raise ToolError(f"{hint!r} is part of itself, which a tool cannot take")
    parents = (*parents, hint)
    if isinstance(hint, ALIASES):
        aliased = "__supertype__" if hasattr(hint, "__supertype__") else "__value__"
        return shape_of(getattr(hint, aliased), parents)
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return shapes.choice_of(hint)
        if typing.is_typeddict(hint):
            return shapes.object_of(_keys(hint, parents), dict)
        if dataclasses.is_dataclass(hint) or issubclass(hint, tuple) and hasattr(hint, "_fields"):
            return shapes.object_of(_parameters(hint, parents), hint)
    raise ToolError(f"{hint!r} is not a type hint that a tool can take")


def _parameters(function: Function, parents: Parents) -> list[Field]:
    """Return the parameters of a function, or of what makes a dataclass or ``NamedTuple``."""
    inner, bound = function, set[str]()
    if isinstance(function, functools.partial):
        inner, bound = function.func, set(function.keywords)
    hints, texts = _hints_of(inner), descriptions(inspect.getdoc(inner) or "")
    fields = []
    for parameter in _signature_of(function).parameters.values():
        name = parameter.name
        if name in bound:
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ToolError(f"{name} cannot be given by name, as the arguments of a tool are")
        if name not in hints:
            raise ToolError(f"{name} has no type hint")
        required = parameter.default is parameter.empty
        fields.append(_field(name, hints[name], texts.get(name), parents, required=required))
    return fields


def _keys(typed_dict: Any, parents: Parents) -> list[Field]:
    """Return the keys of a ``TypedDict``."""
    texts = descriptions(inspect.getdoc(typed_dict) or "")
    fields = []
    for name, hint in _hints_of(typed_dict).items():
        required = name in typed_dict.__required_keys__
        # Under ``from __future__ import annotations`` it is only known from the hint itself.
        if typing.get_origin(hint) in (typing.Required, typing.NotRequired):
            required = typing.get_origin(hint) is typing.Required
            hint = typing.get_args(hint)[0]
        fields.append(_field(name, hint, texts.get(name), parents, required=required))
    return fields


def _field(name: str, hint: Any, text: str | None, parents: Parents, *, required: bool) -> Field:
    try:
        shape = shape_of(hint, parents)
    except ToolError as exc:
        raise ToolError(f"{name}: {exc}") from None
    if not required:
        # What can be left out need not be null as well, which some models do not understand.
        shape = shapes.without_null(shape)
    return Field(name, shapes.described(shape, text), required)


def _hints_of(thing: Function) -> dict[str, Any]:
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as exc:
        raise ToolError(f"the type hints cannot be read: {exc}") from exc


def _signature_of(function: Function) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as exc:
        raise ToolError(f"the parameters cannot be read: {exc}") from exc
