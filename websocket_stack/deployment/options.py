"""The options of ``deploy``."""

from __future__ import annotations

import argparse
from pathlib import Path

from websocket_stack.options import add_aws_options, parser_of
from websocket_stack.project import TEMPLATES


def argument_parser() -> argparse.ArgumentParser:
    parser = parser_of("deploy", "Make, change or delete a stack on AWS.")
    parser.add_argument("stack", help="the stack's name")
    parser.add_argument(
        "--template",
        choices=sorted(path.stem for path in TEMPLATES.glob("*.yaml")),
        help="what to deploy: everything for a Lex bot, its WebSocket API or its Lambda alone,"
        " socket tasks, or a GraphQL chat; by default what the stack has now, or everything for a"
        " Lex bot",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter's value (see docs/reference/parameters.md)",
    )
    parser.add_argument(
        "--code",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="code of your own for the Lambda",
    )
    parser.add_argument(
        "--intents",
        type=Path,
        metavar="FILE",
        help="make a Lex bot of these locales, intents and slots (see docs/reference/lex-bot.md);"
        " by default the stack keeps the one that it has",
    )
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a tag of the stack and of all that it makes; by default those that it has",
    )
    parser.add_argument("--role-arn", help="the role that CloudFormation makes the changes with")
    parser.add_argument("--bucket", help="where code and templates go; made if it does not exist")
    parser.add_argument("--delete", action="store_true", help="delete the stack and its uploads")
    parser.add_argument(
        "--watch", action="store_true", help="follow a change of the stack that is going on"
    )
    parser.add_argument(
        "--no-execute",
        action="store_true",
        help="show the changes and make none, after the uploads",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_aws_options(parser)
    return parser
