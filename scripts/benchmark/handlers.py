"""The Lambda handlers that are measured: this checkout's, another revision's, the plain loop."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LAMBDA_MODULE = "fulfillment.handler"


class Handler(NamedTuple):
    """A module with a ``lambda_handler``, and the folder that its packages are imported from."""

    name: str
    module: str
    folder: Path = ROOT

    @property
    def session_id(self) -> str:
        """The Lex session of its turns, of the characters that Lex allows."""
        return re.sub(r"[^0-9a-zA-Z._:-]", "-", f"benchmark-{self.name}")


LEX_STREAMING = Handler("lex-streaming", LAMBDA_MODULE)
PLAIN_LOOP = Handler("plain loop", "scripts.benchmark.plain_loop")


class NoRevision(Exception):
    """Git has no such revision, or it has no ``fulfillment``."""


@contextmanager
def revision(name: str) -> Iterator[Handler]:
    """Check out ``fulfillment`` as it is in another revision.

    The entry point and the environment of the Lambda are its contract, so that any revision can be
    measured by this checkout's services.

    Args:
        name: what ``git rev-parse`` takes, such as ``main~10``.

    Yields:
        the handler of that revision, in a temporary folder.

    Raises:
        NoRevision: it cannot be checked out; git has written why to standard error.
    """
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", name, "fulfillment"],
        stdout=subprocess.PIPE,
    )
    if archive.returncode:
        raise NoRevision(f"cannot check out fulfillment/ at {name}")
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Handler(name, LAMBDA_MODULE, Path(folder))
