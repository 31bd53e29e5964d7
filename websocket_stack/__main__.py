"""``lex-streaming``: the command of the installed package, with one verb for each task."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from fulfillment import __version__

INTERRUPTED = 130


class Verb(NamedTuple):
    """What a verb runs: the ``main`` of a package, which has its options in a module of its own.

    Args:
        package: the package.
        extra: what has to be installed for it.
        summary: what it does.
    """

    package: str
    extra: str
    summary: str


VERBS = {
    "serve": Verb("local", "local", "run the whole stack on this machine, also with your own bot"),
    "new": Verb("new", "local", "write a bot of your own to start from"),
    "chat-server": Verb("server", "server", "stream replies to WebSocket clients, without AWS"),
    "build": Verb("deployment.build", "deploy", "build the fulfillment Lambda's zip"),
    "deploy": Verb("deployment", "deploy", "create, change or delete a stack in an AWS account"),
    "smoke": Verb("smoke", "deploy", "check a deployed stack as a browser would"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        options = _argument_parser().parse_args(given or ["--help"])
        # boto3 reads the second of these only, Lambda and the AWS CLI the first before the second.
        # https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
        if region := os.environ.get("AWS_REGION"):
            os.environ["AWS_DEFAULT_REGION"] = region
        return run(options.verb, options.arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def run(verb: str, arguments: Sequence[str]) -> int:
    """Run a verb.

    Args:
        verb: one of ``VERBS``.
        arguments: its own arguments.

    Returns:
        The exit status.
    """
    package, extra, _ = VERBS[verb]
    if not {"-h", "--help"}.isdisjoint(arguments):
        # The help needs nothing but Python.
        import_module(f"websocket_stack.{package}.options").argument_parser().parse_args(arguments)
    try:
        command = import_module(f"websocket_stack.{package}.__main__")
    except ModuleNotFoundError as exc:
        if not exc.name or exc.name.partition(".")[0] in ("fulfillment", "websocket_stack"):
            raise
        sys.stderr.write(f"{verb} needs {exc.name}: pip install 'lex-streaming[{extra}]'\n")
        return 1
    status: int = command.main(arguments)
    return status


def _argument_parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:{width}}  {verb.summary}" for name, verb in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="lex-streaming",
        description="Let an Amazon Lex V2 bot talk while it thinks.",
        epilog=f"verbs:\n{verbs}\n\nlex-streaming VERB --help shows the options of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s VERB [options]",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
