"""Rules that reviewers would otherwise have to watch."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path
    for package in ("fulfillment", "websocket_stack")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))

PURE = [
    "fulfillment/lex/dialog_actions.py",
    "fulfillment/handlers.py",
    "fulfillment/tools/docstrings.py",
    "fulfillment/tools/tool.py",
    "fulfillment/lex/events.py",
    "fulfillment/memory/base.py",
    "fulfillment/memory/history.py",
    "fulfillment/models/base.py",
    "fulfillment/models/chat_format.py",
    "fulfillment/models/bedrock/citations.py",
    "fulfillment/models/bedrock/converse_format.py",
    "fulfillment/models/bedrock/profiles.py",
    "fulfillment/tools/signature.py",
    "fulfillment/tools/json_schema.py",
    "fulfillment/streaming/pacing.py",
    "fulfillment/text.py",
    "fulfillment/lex/fitting.py",
    "fulfillment/markdown/code_blocks.py",
    "fulfillment/markdown/code_spans.py",
    "fulfillment/markdown/fences.py",
    "fulfillment/markdown/sanitizer.py",
    "fulfillment/markdown/splitting.py",
    "fulfillment/markdown/inline.py",
    "fulfillment/markdown/plain_text.py",
]
IMPURE = {"boto3", "botocore", "os", "time", "threading", "socket", "aws_lambda_powertools"}

# Types alone, with nothing to run.
UNTESTED = {
    "fulfillment/channels/base.py",
    "fulfillment/memory/base.py",
    "fulfillment/notices.py",
}


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", PURE)
def test_the_centre_is_pure(path):
    assert not {name.split(".")[0] for name in imports_of(ROOT / path)} & IMPURE


def test_imports_run_downward_only():
    for path in (ROOT / "fulfillment").rglob("*.py"):
        assert not any(name.startswith("websocket_stack") for name in imports_of(path)), path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_a_test_file_at_the_same_place(path):
    relative = path.relative_to(ROOT)
    if str(relative) in UNTESTED:
        return
    assert (ROOT / "tests" / relative.parent / f"test_{path.stem.strip('_')}.py").exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_patched_and_nothing_sleeps(path):
    if path == Path(__file__):
        return
    found = re.search(r"mock\.patch|setattr\(|\bsleep\([0-9.]", path.read_text("utf-8"))
    assert found is None, found


def test_no_log_statement_prints():
    for path in SOURCES:
        if path.name != "__main__.py":
            assert not re.search(r"\bprint\(", path.read_text("utf-8")), path
