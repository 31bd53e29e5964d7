"""What a resolver is told of a request, and what a request selects of its result. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
    print_ast,
)


def context_of(
    info: GraphQLResolveInfo[Any],
    arguments: Mapping[str, Any],
    identity: Mapping[str, Any] | None,
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the context of a resolver, as a function behind it gets it.

    https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
    """
    selected = info.field_nodes[0].selection_set
    names = [
        (each.alias or each.name).value
        for each in (selected.selections if selected else ())
        if isinstance(each, FieldNode)
    ]
    field = {
        "fieldName": info.field_name,
        "parentTypeName": info.parent_type.name,
        "selectionSetList": names,
        "selectionSetGraphQL": print_ast(selected) if selected else "",
    }
    return _context(field, arguments, identity, variables)


def context_of_start(
    field: str,
    arguments: Mapping[str, Any],
    identity: Mapping[str, Any] | None,
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the context of a subscription's resolver, which runs once: when it begins."""
    info = {"fieldName": field, "parentTypeName": "Subscription"}
    return _context(info, arguments, identity, variables)


def _context(
    field: Mapping[str, Any],
    arguments: Mapping[str, Any],
    identity: Mapping[str, Any] | None,
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "arguments": dict(arguments),
        "identity": identity,
        "source": None,
        "request": {"headers": {}, "domainName": None},
        "prev": None,
        "info": {**field, "variables": dict(variables)},
        "stash": {},
    }


def selected(result: Mapping[str, Any], info: GraphQLResolveInfo[Any]) -> dict[str, Any]:
    """Return what a mutation selected of its result; subscribers get nothing else."""

    def names(selections: SelectionSetNode | None) -> Iterator[str]:
        for each in selections.selections if selections else ():
            match each:
                case FieldNode():
                    yield each.name.value
                case InlineFragmentNode():
                    yield from names(each.selection_set)
                case FragmentSpreadNode():
                    yield from names(info.fragments[each.name.value].selection_set)

    selected = {name for node in info.field_nodes for name in names(node.selection_set)}
    return {name: value for name, value in result.items() if name in selected}
