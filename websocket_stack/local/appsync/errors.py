"""Errors of GraphQL requests, worded as AppSync words them: it runs graphql-java."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    NullValueNode,
    OperationDefinitionNode,
    is_input_type,
    specified_rules,
    type_from_ast,
    validate,
)

Error = dict[str, Any]

# A rule's name, and a pattern of graphql-core's sentence, by graphql-java's kind and sentence.
WORDINGS: Mapping[str, tuple[str, re.Pattern[str], str]] = {
    "FieldsOnCorrectTypeRule": (
        "FieldUndefined",
        re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"),
        "Field '{0}' in type '{1}' is undefined",
    ),
    "ProvidedRequiredArgumentsRule": (
        "MissingFieldArgument",
        re.compile(r"Argument '\w+\.\w+\((\w+):\)'"),
        "Missing field argument {0}",
    ),
    "KnownArgumentNamesRule": (
        "UnknownArgument",
        re.compile(r"Unknown argument '(\w+)'"),
        "Unknown field argument {0}",
    ),
    "KnownTypeNamesRule": (
        "UnknownType",
        re.compile(r"Unknown type '(\w+)'"),
        "Unknown type {0}",
    ),
}


def validation_errors(schema: GraphQLSchema, document: DocumentNode) -> list[Error]:
    """Return what is wrong with a document that can be parsed, if anything is."""
    errors: list[Error] = []
    for rule in specified_rules:
        for error in validate(schema, document, [rule]):
            message = _worded(rule.__name__, error, document)
            errors.append({"path": None, "locations": _locations(error), "message": message})
    return errors


def variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[Error]:
    """Return the variables that are missing or null and must not be."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        has_default = definition.default_value is not None and not isinstance(
            definition.default_value, NullValueNode
        )
        missing = variables.get(name) is None and not (has_default and name not in variables)
        if is_input_type(kind) and isinstance(kind, GraphQLNonNull) and missing:
            message = f"Variable '{name}' has coerced Null value for NonNull type '{kind}'"
            errors.append({"path": None, "locations": None, "message": message})
    return errors


def field_error(
    field: FieldNode, path: Sequence[str | int], kind: str | None, message: str
) -> Error:
    """Return the error of a field that was not resolved.

    Args:
        field: the field.
        path: where it is in the answer.
        kind: the error's type.
        message: what it says.
    """
    return {
        "path": list(path),
        "data": None,
        "errorType": kind,
        "errorInfo": None,
        "locations": _node_locations(field),
        "message": message,
    }


def _worded(rule: str, error: GraphQLError, document: DocumentNode) -> str:
    kind, pattern, sentence = WORDINGS.get(
        rule, (rule.removesuffix("Rule"), re.compile("(.*)", re.DOTALL), "{0}")
    )
    found = pattern.match(error.message)
    text = sentence.format(*found.groups()) if found else error.message
    path = _path_of(error.nodes[0], document) if error.nodes else ""
    where = f" @ '{path}'" if path and kind != "UnknownType" else ""
    return f"Validation error of type {kind}: {text}{where}"


def _path_of(node: Node, document: DocumentNode) -> str:
    """Return the fields that lead to a node, from its operation."""
    for definition in document.definitions:
        for path, each in _walk(definition, ()):
            if each is node:
                return "/".join(path)
    return ""


def _walk(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    if isinstance(node, FieldNode):
        path = (*path, node.name.value)
    yield path, node
    for key in node.keys:
        value = getattr(node, key, None)
        for child in value if isinstance(value, tuple | list) else [value]:
            if isinstance(child, Node):
                yield from _walk(child, path)


def _locations(error: GraphQLError) -> list[Error]:
    return [
        {"line": each.line, "column": each.column, "sourceName": None}
        for each in error.locations or ()
    ]


def _node_locations(node: Node) -> list[Error]:
    if node.loc is None:
        return []
    start = node.loc.start_token
    return [{"line": start.line, "column": start.column, "sourceName": None}]
