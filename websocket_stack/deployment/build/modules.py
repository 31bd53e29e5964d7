"""A builder's Python modules: whether Python can read them, and find what they import.

They are not run. What is imported in a function, a condition or a ``try`` is left to them.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.requirements import Platform
from websocket_stack.deployment.build.source_files import Files
from websocket_stack.deployment.module_names import names_of

# What a module calls the function that Lambda is to call.
HANDLER = "lambda_handler"
# Python's own modules, also those that a later Python than this has.
PYTHON = sys.stdlib_module_names | {"annotationlib", "compression"}
# Lambda's client, and boto3 with what it requires.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = frozenset(
    {
        "awslambdaric",
        "boto3",
        "botocore",
        "dateutil",
        "jmespath",
        "s3transfer",
        "simplejson",
        "six",
        "snapshot_restore_py",
        "urllib3",
    }
)


def check(files: Files, platform: Platform) -> None:
    """Check that Python can read all modules.

    Args:
        files: a builder's files, by their names in the zip.
        platform: what the function runs on.

    Raises:
        CommandFailed: it cannot read some; a line each, with file, line and cause.
    """
    problems = [
        f"{path}, {problem}"
        for name, path in sorted(files.items())
        if _module_of(name) and (problem := _problem_of(path))
    ]
    version = ".".join(map(str, sys.version_info[:2]))
    if problems and version != platform.python:
        problems.append(f"(as Python {version} reads it; the function runs on {platform.python})")
    if problems:
        raise CommandFailed("\n".join(problems))


def _problem_of(path: Path) -> str | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except SyntaxError as exc:
        return f"line {exc.lineno}: {type(exc).__name__}: {exc.msg}"
    except ValueError as exc:
        return f"line 1: {exc}"
    return None


def unmet_imports(files: Files, packed: Collection[str]) -> Iterator[str]:
    """Yield the imports that would fail as Lambda loads a handler, a line each.

    Args:
        files: a builder's files, by their names in the zip, which Python can read.
        packed: the names of all files in the zip.
    """
    modules = {module: path for name, path in files.items() if (module := _module_of(name))}
    known = PYTHON | RUNTIME | {name.partition("/")[0].partition(".")[0] for name in packed}
    pending = with_handler(files)
    seen = set(pending)
    for module in pending:
        path = modules[module]
        for imported, line in _imports_of(path, module):
            if imported.partition(".")[0] not in known:
                yield (
                    f"{path}, line {line}: {imported.partition('.')[0]} is neither in the zip nor"
                    " on AWS; is it missing from requirements.txt?"
                )
            found = {each for each in _with_packages(imported) if each in modules} - seen
            pending += sorted(found)
            seen |= found


def with_handler(files: Files) -> list[str]:
    """Return which modules have a Lambda handler, in alphabetical order."""
    return sorted(
        module
        for name, path in files.items()
        if (module := _module_of(name)) and HANDLER in (names_of(path.read_bytes()) or ())
    )


def _module_of(name: str) -> str:
    """Return the module that a file is, or "" if it cannot be imported."""
    path = PurePosixPath(name)
    parts = path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts
    return ".".join(parts) if path.suffix == ".py" and all(map(str.isidentifier, parts)) else ""


def _imports_of(path: Path, module: str) -> Iterator[tuple[str, int]]:
    """Yield what is imported whenever a module is, with the line."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node in ast.parse(path.read_bytes()).body:
        match node:
            case ast.Import():
                yield from ((each.name, node.lineno) for each in node.names)
            case ast.ImportFrom():
                around = package.split(".")[: len(package.split(".")) - node.level + 1]
                start = [*around, node.module] if node.level else [node.module]
                for each in node.names:
                    yield ".".join(filter(None, [*start, each.name])), node.lineno


def _with_packages(name: str) -> Iterator[str]:
    """Yield a module's name, after those of the packages that it is in."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
