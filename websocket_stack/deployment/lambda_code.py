"""Which code a deployment gives the Lambda: what was built now, or what the stack has already."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from botocore.exceptions import ClientError

from websocket_stack.command_line import CommandFailed, error_code
from websocket_stack.deployment.build.lambda_zip import has_handler

Builder: TypeAlias = Callable[[Sequence[Path]], Path]
"""Builds the Lambda's zip with a bot builder's own files, and returns its path."""


def choose(
    handler: str,
    code: Sequence[Path],
    build: Builder,
    previous: Mapping[str, str],
    download: Callable[[str, str], bytes],
) -> Path | None:
    """Choose code that has the handler.

    A deployment without a builder's own files must not replace a zip that has some.

    Args:
        handler: the handler that the Lambda will have.
        code: the builder's own files, if any are given.
        build: builds the zip.
        previous: the parameters that the stack has.
        download: returns the content of a bucket's object, by bucket and key.

    Returns:
        The zip that was built, or ``None`` to keep the code that the stack has.

    Raises:
        CommandFailed: there is no code that has the handler.
    """
    path = build(code)
    if not handler or has_handler(path, handler):
        return path
    module = handler.rpartition(".")[0]
    if code:
        raise CommandFailed(
            f"{module} of Handler={handler} is not in the zip; add its folder with --code"
        )
    if not previous.get("CodeKey"):
        raise CommandFailed(f"Handler={handler} needs the folder of {module}: add --code PATH")
    try:
        stored = download(previous["CodeBucket"], previous["CodeKey"])
    except ClientError as exc:
        raise CommandFailed(
            f"the stack's code cannot be read ({error_code(exc)}); give --code PATH again"
        ) from exc
    if not has_handler(io.BytesIO(stored), handler):
        raise CommandFailed(
            f"{module} of Handler={handler} is not in the stack's code; add --code PATH"
        )
    return None
