"""The options of ``smoke``."""

from __future__ import annotations

import argparse

from websocket_stack.options import add_aws_options, parser_of
from websocket_stack.project import command

QUESTION = "What is a WebSocket? Explain it in about 200 words."
LONG_QUESTION = "Explain in 1,500 words, in full sentences, how the web came to be."


def argument_parser() -> argparse.ArgumentParser:
    parser = parser_of("smoke", "Check a stack as the browser uses it, and measure it.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--stack", help="a deployed stack, by its name")
    which.add_argument("--websocket", metavar="wss://…", help="a deployed API, by its address")
    which.add_argument(
        "--endpoint", metavar="http://…", help=f"the local stack of {command('serve')}"
    )
    parser.add_argument("--bot-id", help="if the stack has no bot of its own")
    parser.add_argument("--bot-alias-id")
    parser.add_argument("--locale", help="of the bot; en_US unless the stack says otherwise")
    parser.add_argument("--session-table", help="if the stack does not say")
    parser.add_argument(
        "--identity-pool",
        help="connect as guests of this Cognito identity pool, as visitors of Lex Web UI do;"
        " otherwise with your own credentials, or as guests of the local stack's",
    )
    parser.add_argument(
        "--tasks", action="store_true", help="check the socket tasks of the local stack"
    )
    parser.add_argument("--token", help="a JWT, where clients of socket tasks sign in with one")
    parser.add_argument("--question", default=QUESTION, help="what to ask")
    parser.add_argument("--long-question", default=LONG_QUESTION, help="what takes long to answer")
    parser.add_argument("--posts", type=int, default=20, help="how many posts to measure")
    parser.add_argument(
        "--burst",
        type=int,
        help="how many posts to make at once; by default more than the stage's ThrottlingBurst",
    )
    parser.add_argument(
        "--ui", metavar="URL", help="the page of a Lex Web UI whose configuration to check"
    )
    parser.add_argument(
        "--metrics", action="store_true", help="wait until the turns are in CloudWatch's metrics"
    )
    parser.add_argument(
        "--quiet-seconds",
        type=float,
        default=1.0,
        help="how long to wait for what must not arrive",
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    add_aws_options(parser)
    return parser
