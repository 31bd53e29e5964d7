"""Functions in processes that have imported nothing of this repository yet.

The SDK, whose import takes longest, is loaded once, in the process that they are forked from.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["boto3"])
SECONDS = 30


class Output(NamedTuple):
    """What a process wrote."""

    stdout: str
    stderr: str


def run_fresh(function: Callable[..., None], *arguments: object, **environ: str) -> Output:
    """Call a function in a fresh process; fails if the process does.

    Args:
        function: of a module that imports little.
        arguments: what it is called with.
        environ: added to the environment.
    """
    with TemporaryDirectory() as folder:
        files = Path(folder, "stdout"), Path(folder, "stderr")
        process = _CONTEXT.Process(
            target=_call, args=(files, os.environ | environ, function, arguments)
        )
        process.start()
        process.join(SECONDS)
        process.kill()
        output = Output(*(path.read_text("utf-8") for path in files))
        assert process.exitcode == 0, output.stderr
        return output


def _call(
    files: tuple[Path, Path],
    environ: Mapping[str, str],
    function: Callable[..., None],
    arguments: tuple[object, ...],
) -> None:
    for descriptor, path in enumerate(files, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.environ.clear()
    os.environ.update(environ)
    function(*arguments)
