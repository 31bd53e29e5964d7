"""The options of ``build``."""

from __future__ import annotations

import argparse
from pathlib import Path

from websocket_stack.options import parser_of
from websocket_stack.project import FOLDER, IS_CLONE

OUTPUT = (FOLDER if IS_CLONE else Path()) / "build"


def argument_parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "build",
        "Build the fulfillment Lambda's zip and print its path. The same sources give"
        " the same bytes.",
    )
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="DIR", help="the folder for what is built"
    )
    parser.add_argument(
        "--code",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a file of your own, or a folder whose files go to the zip's root; can be repeated",
    )
    parser.add_argument(
        "--intents",
        type=Path,
        metavar="FILE",
        help="fail if the code does not fit this file of a Lex bot, as deploy does (see"
        " docs/reference/lex-bot.md)",
    )
    parser.add_argument(
        "--lex-archive",
        type=Path,
        metavar="FILE",
        help="build an archive that Lex imports instead, from the file of a bot (see"
        " docs/reference/lex-bot.md)",
    )
    parser.add_argument(
        "--runtime",
        default="python3.13",
        help="the function's runtime, for the packages that a folder requires",
    )
    parser.add_argument(
        "--architecture", choices=("arm64", "x86_64"), default="arm64", help="its processor"
    )
    return parser
