"""Rules that reviewers would otherwise have to watch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fulfillment", "websocket_stack")
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
MODULES = {name: path for name, path in SOURCES.items() if path.name != "__init__.py"}
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# From the roof to the ground: a module imports only what stands on a lower floor, or in its room.
FLOORS = [
    {"handler", "testing"},
    {"bot"},
    {"runner", "router"},
    {"handlers"},
    {"turn", "telemetry"},
    {"assistant"},
    {"lex", "tools", "clients"},
    {"reply"},
    {"models", "channels", "memory"},
    {"streaming"},
    {"markdown", "text", "notices", "must_read", "outcome", "settings", "logs"},
    {"errors"},
]

# Rooms and modules that know no clock, thread, environment, network or chance. What they import,
# and what that imports, is held to the same.
PURE = [
    "fulfillment.lex",
    "fulfillment.markdown",
    "fulfillment.memory.base",
    "fulfillment.memory.history",
    "fulfillment.models.base",
    "fulfillment.models.bedrock.citations",
    "fulfillment.models.bedrock.converse_format",
    "fulfillment.models.bedrock.profiles",
    "fulfillment.models.bedrock.refusals",
    "fulfillment.models.chat_format",
    "fulfillment.notices",
    "fulfillment.outcome",
    "fulfillment.reply",
    "fulfillment.streaming",
    "fulfillment.text",
    "fulfillment.tools.docstrings",
    "fulfillment.tools.json_schema",
    "fulfillment.tools.type_hints",
    "fulfillment.tools.tool",
    "websocket_stack.graphql.frame_format",
    "websocket_stack.tasks.frame_format",
    "websocket_stack.tasks.protocol",
    "websocket_stack.tasks.runs",
    "websocket_stack.server.messages",
    "websocket_stack.server.protocol",
    "websocket_stack.server.protocol_ag_ui",
    "websocket_stack.server.protocol_ai_sdk",
    "websocket_stack.server.protocol_invocations",
    "websocket_stack.server.protocol_numbered",
    "websocket_stack.server.protocol_plain",
    "websocket_stack.server.protocols",
    "websocket_stack.server.reader",
    "websocket_stack.server.redis_entries",
    "websocket_stack.server.run_log",
]
SHELLS = {"fulfillment.streaming.asynchronous", "fulfillment.streaming.threads"}
IMPURE = {
    *("asyncio", "aws_lambda_powertools", "boto3", "botocore", "logging", "multiprocessing", "os"),
    *("queue", "random", "secrets", "socket", "subprocess", "threading", "time", "urllib3", "uuid"),
}

# Seen through another module, whose tests they share, or types alone.
UNTESTED = {
    "fulfillment.assistant",
    "fulfillment.memory.base",
    "fulfillment.notices",
    "fulfillment.outcome",
    "fulfillment.streaming.channel",
    "websocket_stack.deployment.build.options",
    "websocket_stack.deployment.options",
    "websocket_stack.local.options",
    "websocket_stack.new.options",
    "websocket_stack.server.connection",
    "websocket_stack.server.options",
    "websocket_stack.server.protocol",
    "websocket_stack.server.redis_memory",
    "websocket_stack.server.run",
    "websocket_stack.server.run_log",
    "websocket_stack.server.runs",
    "websocket_stack.server.services",
    "websocket_stack.server.source",
    "websocket_stack.smoke.options",
    "websocket_stack.tasks.callers",
    "websocket_stack.tasks.connections",
    "websocket_stack.tasks.default_worker",
    "websocket_stack.tasks.failures",
    "websocket_stack.tasks.live_run",
    "websocket_stack.tasks.owners",
    "websocket_stack.tasks.replay",
    "websocket_stack.tasks.run_table",
    "websocket_stack.tasks.task_turn",
    "websocket_stack.tasks.runs",
    "websocket_stack.tasks.watch",
    "websocket_stack.tasks.wiring",
    "websocket_stack.graphql.chat_owners",
    "websocket_stack.graphql.default_chat",
    "websocket_stack.graphql.errors",
    "websocket_stack.graphql.settings",
    "websocket_stack.graphql.schema",
    "websocket_stack.graphql.wiring",
    "websocket_stack.local.appsync.authorization",
    "websocket_stack.local.appsync.errors",
    "websocket_stack.local.appsync.resolver_context",
    "websocket_stack.local.appsync.resolvers",
}


@cache
def imports(module: str, *, type_hints: bool) -> frozenset[str]:
    """Return what a module imports by name, at its top or later."""
    tree = ast.parse(SOURCES[module].read_text("utf-8"))
    return frozenset(_imports(tree, type_hints=type_hints))


def _imports(tree: ast.AST, *, type_hints: bool) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) and not type_hints:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in SOURCES else node.module
        yield from _imports(node, type_hints=type_hints)


def reached(module: str) -> dict[str, str]:
    """Return all that is imported with a module, and by what; type hints left out."""
    by = {module: module}
    todo = [module]
    while todo:
        name = todo.pop()
        packages = [name.rpartition(".")[0]] if name in SOURCES else []
        found = imports(name, type_hints=False) if name in SOURCES else ()
        for imported in [*found, *filter(None, packages)]:
            if imported not in by:
                by[imported] = name
                todo.append(imported)
    return by


def pure_modules() -> list[str]:
    return [
        name
        for name in MODULES
        if name not in SHELLS and any(f"{name}.".startswith(f"{room}.") for room in PURE)
    ]


def test_the_centre_is_pure() -> None:
    for module in pure_modules():
        by = reached(module)
        assert not {name: by[name] for name in by if name.split(".")[0] in IMPURE}, module


def test_what_is_to_be_pure_exists() -> None:
    assert not set(PURE) - SOURCES.keys()


def test_no_imports_run_in_a_circle() -> None:
    graph = {name: imports(name, type_hints=True) & SOURCES.keys() for name in SOURCES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail(" -> ".join(exc.args[1]))


def test_imports_run_downward_only() -> None:
    floor_of = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    for module in MODULES:
        package, _, rest = module.partition(".")
        for imported in imports(module, type_hints=True) & SOURCES.keys():
            assert package != "fulfillment" or imported.startswith("fulfillment"), module
            if package == "fulfillment" and imported != "fulfillment":
                room, other = rest.split(".")[0], imported.split(".")[1]
                assert room == other or floor_of[room] < floor_of[other], (module, imported)


def test_the_core_loads_neither_lex_nor_aws() -> None:
    code = "import sys, fulfillment.streaming.threads; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not re.search(r"boto|powertools|fulfillment\.(lex|models|bot|turn)", loaded)


def test_every_module_has_a_test_file_at_the_same_place() -> None:
    for module in MODULES.keys() - UNTESTED:
        relative = MODULES[module].relative_to(ROOT)
        name = f"test_{relative.stem.strip('_')}.py"
        assert (ROOT / "tests" / relative.parent / name).exists(), module


def test_nothing_is_replaced_and_nothing_sleeps() -> None:
    """Beyond what ruff bans; ``sleep(0)`` lets others run."""
    for path in TESTS:
        if path != Path(__file__):
            found = re.search(r"setattr\(|\bsleep\((?!0\))[0-9.]", path.read_text("utf-8"))
            assert found is None, path
