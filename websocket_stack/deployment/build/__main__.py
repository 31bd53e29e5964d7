"""``scripts/build``: builds the fulfillment Lambda's zip and prints its path."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from websocket_stack.command_line import CommandFailed, print_error, print_line
from websocket_stack.deployment.build.called_functions import check
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.deployment.build.options import argument_parser
from websocket_stack.deployment.build.requirements import Platform
from websocket_stack.lex_bot.reading import read


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = argument_parser().parse_args(arguments)
    try:
        path = _lex_archive(options) if options.lex_archive else _zip(options)
    except CommandFailed as exc:
        print_error("build", exc)
        return 1
    here = Path.cwd()
    print_line(str(path.relative_to(here) if path.is_relative_to(here) else path))
    return 0


def _zip(options: argparse.Namespace) -> Path:
    if options.intents:
        check(read(options.intents), options.code)
    platform = Platform(options.runtime, options.architecture)
    return build(options.code, options.output, platform=platform)


def _lex_archive(options: argparse.Namespace) -> Path:
    # Only here, since it takes a second.
    from websocket_stack.lex_bot.archive import archive

    bot = read(options.lex_archive)
    name = bot.name or re.sub(r"[^0-9a-zA-Z]+", "-", options.lex_archive.stem).strip("-") or "Bot"
    path: Path = options.output / f"{name}-lex.zip"
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive(bot, name))
    except OSError as exc:
        raise CommandFailed(str(exc)) from exc
    return path


if __name__ == "__main__":
    sys.exit(main())
