"""Which names a module has, judging by its source, which is not run."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Set


def names_of(source: bytes) -> Set[str] | None:
    """Return what a module defines or imports at its top level.

    Args:
        source: the module's Python.

    Returns:
        The names; ``None`` if they cannot be known without running it.
    """
    try:
        tree = ast.parse(source)
        symbols = symtable.symtable(source.decode(), "", "exec").get_symbols()
    except (SyntaxError, ValueError):
        return None  # perhaps it is of another Python than this
    names = {each.get_name() for each in symbols if each.is_assigned() or each.is_imported()}
    return None if "__getattr__" in names or any(map(_imports_all, ast.walk(tree))) else names


def _imports_all(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
