"""The options of ``serve``."""

from __future__ import annotations

import argparse
from pathlib import Path

from websocket_stack.options import add_server_options, parser_of


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser = parser_of("serve", "Run the whole stack on this machine.")
    add_server_options(parser)
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name that it is reached by, such as a tunnel's; may be repeated",
    )
    parser.add_argument(
        "--auth",
        choices=("none", "iam"),
        default="none",
        help="iam: refuse the callers that API Gateway refuses with authorization AWS_IAM; none:"
        " let unsigned clients in too",
    )
    parser.add_argument(
        "--log",
        choices=("lines", "json"),
        default="lines",
        help="lines: a line per turn, and the traceback of what went wrong; json: log and metrics"
        " as on AWS",
    )
    parser.add_argument(
        "--bot",
        metavar="MODULE:NAME",
        help="answer with a bot of your own, such as my_bot:bot; it is reloaded when its source"
        " changes",
    )
    parser.add_argument(
        "--tasks",
        metavar="MODULE:NAME",
        help="answer socket tasks with functions of your own, such as my_tasks:tasks",
    )
    parser.add_argument(
        "--intents",
        type=Path,
        metavar="FILE",
        help="the Lex bot's locales, intents and slots (see docs/reference/lex-bot.md); read again"
        " when it changes",
    )
    parser.add_argument("--open", action="store_true", help="open the chat page in the browser")
    parser.add_argument(
        "--lex-web-ui",
        type=Path,
        metavar="DIR",
        help="serve a built Lex Web UI (its dist folder, 0.24 or newer) at /lex-web-ui/",
    )
    return parser
