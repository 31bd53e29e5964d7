"""A builder's new bot: the files of an example, under the builder's own name."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from fulfillment import __version__
from websocket_stack.command_line import CommandFailed
from websocket_stack.project import FOLDER, IS_CLONE

EXAMPLE = FOLDER / "examples" / "my-bot"
EXTRAS = "lex-streaming[local,deploy]"


def write_bot(folder: Path) -> list[Path]:
    """Write a bot into a folder of its name, and return its files.

    Args:
        folder: the folder, which is made if it does not exist.

    Raises:
        CommandFailed: the name makes no module, or hides one; the folder is inside another bot's,
            or something is in it that is not hidden, as an environment and a repository are.
    """
    name = folder.resolve().name
    module = _module_of(name)
    if not re.fullmatch(r"[a-z]\w*", module, re.ASCII):
        raise CommandFailed(f"{name!r} makes no module; take letters, digits and dashes")
    if module in ("fulfillment", "websocket_stack"):
        raise CommandFailed(f"{name!r} is a package of Lex Streaming; take another name")
    if module in sys.stdlib_module_names:
        raise CommandFailed(f"{name!r} would hide Python's own module; take another name")
    around = folder.resolve().parent
    if (around / f"{_module_of(around.name)}.py").is_file():
        raise CommandFailed(f"{around} is a bot's folder already; take one outside it")
    names = {
        "my_bot": module,
        "MyBot": "".join(map(str.capitalize, module.split("_"))),
        "my-bot": name,
        "LEX_STREAMING": _requirement(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = {path: folder / _renamed(path.name, names) for path in sorted(_example())}
        if any(
            not path.name.startswith(".") or path in files.values() for path in folder.iterdir()
        ):
            raise CommandFailed(f"{folder} is not empty; take a new folder")
        for path, file in files.items():
            file.write_text(_renamed(path.read_text("utf-8"), names), "utf-8")
    except OSError as exc:
        raise CommandFailed(f"{folder}: {exc.strerror}") from exc
    return list(files.values())


def _example() -> Iterator[Path]:
    return (path for path in EXAMPLE.iterdir() if path.is_file())


def _module_of(name: str) -> str:
    return name.lower().replace("-", "_")


def _renamed(text: str, names: dict[str, str]) -> str:
    return re.sub("|".join(names), lambda found: names[found[0]], text)


def _requirement() -> str:
    """Return how pip gets the Lex Streaming that runs this.

    Where pip had it from an address, that is in a file of the installed package.
    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    if IS_CLONE:
        return f"{EXTRAS} @ {FOLDER.as_uri()}"
    try:
        origin = json.loads(distribution("lex-streaming").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        origin = {}
    if not origin:
        return f"{EXTRAS}=={__version__}"
    if vcs := origin.get("vcs_info"):
        return f"{EXTRAS} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    return f"{EXTRAS} @ {origin['url']}"
