"""Which code a deployment gives the Lambda: what was built now, or what the stack has already."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import IO, Protocol
from zipfile import ZipFile

from botocore.exceptions import ClientError

from websocket_stack.aws_errors import error_code
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.code_files import code_files
from websocket_stack.deployment.build.dependencies import COMPILED
from websocket_stack.deployment.build.lambda_zip import module_in
from websocket_stack.deployment.build.modules import HANDLER, with_handler
from websocket_stack.deployment.build.requirements import Platform
from websocket_stack.deployment.build.source_files import merge
from websocket_stack.deployment.module_names import names_of
from websocket_stack.spelling import hint

# What the parameter Handler names by default is in one of these.
LIBRARY = ("fulfillment.", "websocket_stack.")


class Builder(Protocol):
    """Builds the Lambda's zip."""

    def __call__(self, code: Sequence[Path], *, platform: Platform) -> Path:
        """Build it with a bot builder's own files, for a platform, and return its path."""
        ...


def choose(
    needed: Mapping[str, str],
    code: Sequence[Path],
    build: Callable[[Sequence[Path]], Path],
    previous: Mapping[str, str],
    download: Callable[[str, str], bytes],
) -> Path | bytes:
    """Choose code that has some modules.

    A deployment without a builder's own files must not replace a zip that has some.

    Args:
        needed: settings that need modules, such as ``Handler=my_bot.lambda_handler``, by module.
        code: the builder's own files, if any are given.
        build: builds the zip.
        previous: the parameters that the stack has.
        download: returns the content of a bucket's object, by bucket and key.

    Returns:
        The zip that was built, or the content of the one that the stack has and keeps.

    Raises:
        CommandFailed: there is no code that has the modules and the handler.
    """
    path = build(code)
    module = _missing(path, needed)
    if module is None:
        _check_function(path, needed)
        return path
    if code:
        raise CommandFailed(
            f"{module} of {needed[module]} is not in the zip; add its folder with --code"
        )
    if not previous.get("CodeKey"):
        raise CommandFailed(f"{needed[module]} needs the folder of {module}: add --code PATH")
    try:
        stored = download(previous["CodeBucket"], previous["CodeKey"])
    except ClientError as exc:
        raise CommandFailed(
            f"the stack's code cannot be read ({error_code(exc)}); give --code PATH again"
        ) from exc
    module = _missing(io.BytesIO(stored), needed)
    if module is not None:
        raise CommandFailed(
            f"{module} of {needed[module]} is not in the stack's code; add --code PATH"
        )
    _check_function(io.BytesIO(stored), needed)
    return stored


def check_called(
    values: Mapping[str, str], wanted: Mapping[str, str], code: Sequence[Path]
) -> None:
    """Check that a builder's code is not deployed and never called.

    Args:
        values: the values that the stack's parameters will have.
        wanted: those that were set now; a handler that was set is deliberate.
        code: the builder's own files, if any are given.

    Raises:
        CommandFailed: the code has a handler, and the library's is called.
    """
    handler = values.get("Handler", "")
    if "Handler" in wanted or not handler.startswith(LIBRARY):
        return
    if found := with_handler(merge(map(code_files, code))):
        choices = " or ".join(f"--set Handler={module}.{HANDLER}" for module in found)
        raise CommandFailed(f"Handler={handler} would not call your code; add {choices}")


def check_platform(stored: bytes, before: Platform, platform: Platform) -> None:
    """Check that code which a stack keeps still runs.

    Args:
        stored: the zip.
        before: what the function ran on.
        platform: what it will run on.

    Raises:
        CommandFailed: it has packages that were compiled for another platform.
    """
    with ZipFile(io.BytesIO(stored)) as opened:
        has_compiled = any(PurePath(name).suffix in COMPILED for name in opened.namelist())
    if has_compiled and platform != before:
        raise CommandFailed(
            f"the stack's code has packages for {before.runtime} on {before.architecture};"
            " give --code PATH again"
        )


def needs_of(values: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a stack that need modules, by module.

    Raises:
        CommandFailed: the handler is not a module and its function.
    """
    needed = {}
    if handler := values.get("Handler"):
        module, _, function = handler.rpartition(".")
        if not module or not function:
            raise CommandFailed(f"Handler={handler} is not MODULE.FUNCTION")
        needed[module] = f"Handler={handler}"
    if values.get("SignIn") == "JWT":
        # PyJWT, which verifies tokens, and is not packed for those who have none.
        needed["jwt"] = "SignIn=JWT"
    return needed


def _missing(archive: Path | IO[bytes], modules: Iterable[str]) -> str | None:
    return next((each for each in modules if module_in(archive, each) is None), None)


def _check_function(archive: Path | IO[bytes], needed: Mapping[str, str]) -> None:
    """Check that the handler's module has the handler.

    Raises:
        CommandFailed: it has not.
    """
    for module, setting in needed.items():
        name, _, handler = setting.partition("=")
        names = names_of(module_in(archive, module) or b"") if name == "Handler" else None
        function = handler.rpartition(".")[2]
        if names is not None and function not in names:
            raise CommandFailed(f"{setting}: {module} has no {function}{hint(function, names)}")
