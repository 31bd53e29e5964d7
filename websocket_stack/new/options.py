"""The options of ``new``."""

from __future__ import annotations

import argparse
from pathlib import Path

from websocket_stack.options import parser_of


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser = parser_of(
        "new",
        "Write a bot to start from: its functions, its intents, a test, its requirements and a"
        " README, into a new folder.",
    )
    parser.add_argument("folder", type=Path, help="the folder, named as the bot, such as my-bot")
    return parser
