"""The fulfillment Lambda's code as a template holds it: one file, for ``ZipFile``."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fulfillment"
LOADER = ROOT / "websocket_stack" / "inline_library.py"
EMPTY = "SOURCES: dict[str, str] = {}\n"


def inline_code() -> str:
    """Return the loader with the library's modules in it."""
    loader = LOADER.read_text("utf-8")
    assert loader.count(EMPTY) == 1
    modules = [
        f"{_module(path)!r}: {_literal(path.read_text('utf-8'))},\n"
        for path in sorted(PACKAGE.rglob("*.py"))
    ]
    return loader.replace(EMPTY, f"SOURCES: dict[str, str] = {{\n{''.join(modules)}}}\n")


def digest(code: str) -> str:
    """Return a short hash that names a version of the code."""
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _literal(source: str) -> str:
    """Return a literal for a text, as it is where that is possible, so that it can be read."""
    readable = f"r'''{source}'''"
    try:
        if ast.literal_eval(readable) == source:
            return readable
    except (SyntaxError, ValueError):
        pass
    return repr(source)
